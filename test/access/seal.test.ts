import { describe, expect, it } from "vitest";
import { open, readSealKeys, seal } from "../../src/access/seal.ts";

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString("base64url");
const first = readSealKeys(`1:${keyOf(1)}`);
const both = readSealKeys(`1:${keyOf(1)},2:${keyOf(2)}`);

describe("a sealed secret", () => {
  it.each(["s", "geheim: ä€😀", "x".repeat(5_000)])("opens to what it was, and shows none of it: %.20s", (text) => {
    const sealed = seal(text, first, "d:sink:token");
    expect(sealed).toMatch(/^s1\.1\.[\w-]{16}\.[\w-]+$/);
    if (text.length > 1) expect(Buffer.from(sealed.split(".")[3] ?? "", "base64url").includes(text)).toBe(false);
    expect(open(sealed, first, "d:sink:token")).toBe(text);
  });

  it("is another one each time", () => {
    expect(seal("secret", first, "c")).not.toBe(seal("secret", first, "c"));
  });

  it("is sealed with the last key, and opened with any that is left", () => {
    const old = seal("old", first, "c");
    const fresh = seal("fresh", both, "c");
    expect(fresh).toMatch(/^s1\.2\./);
    expect([open(old, both, "c"), open(fresh, both, "c")]).toEqual(["old", "fresh"]);
    expect(() => open(fresh, first, "c")).toThrow("lacks the key 2");
  });

  it("opens nowhere else", () => {
    const sealed = seal("secret", first, "dataset-1:sink:token");
    for (const context of ["dataset-2:sink:token", "dataset-1:other:token", ""])
      expect(() => open(sealed, first, context)).toThrow("does not open");
    expect(() => open(sealed, readSealKeys(`1:${keyOf(9)}`), "dataset-1:sink:token")).toThrow("does not open");
  });

  it("does not open when any of it was altered", () => {
    const sealed = seal("secret", both, "c");
    const [version, keyId, nonce = "", body = ""] = sealed.split(".");
    for (let at = 0; at < body.length - 1; at++) {
      const other = body[at] === "A" ? "B" : "A";
      expect(() => open([version, keyId, nonce, body.slice(0, at) + other + body.slice(at + 1)].join("."), both, "c")).toThrow();
    }
    expect(() => open([version, "1", nonce, body].join("."), both, "c")).toThrow();
    expect(() => open([version, keyId, nonce.replace(/^./, (c) => (c === "A" ? "B" : "A")), body].join("."), both, "c")).toThrow();
  });

  it("does not open with anything before or behind it", () => {
    const sealed = seal("secret", first, "c");
    for (const text of [`x${sealed}`, ` ${sealed}`, `${sealed}=`, `${sealed}.`, `${sealed}\n`])
      expect(() => open(text, first, "c")).toThrow("not a sealed secret");
  });

  it.each(["", "plain", "s1.1.short.AAAA", "s2.1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA", `s1.1.AAAAAAAAAAAAAAAA.${"A".repeat(21)}`])(
    "is not the text %j",
    (text) => {
      expect(() => open(text, first, "c")).toThrow("not a sealed secret");
    },
  );

  it("needs a key", () => {
    expect(() => seal("secret", readSealKeys(undefined), "c")).toThrow("SINK_SECRETS_KEY");
  });
});

describe("the keys that seal", () => {
  it("are none without the setting", () => {
    for (const setting of [undefined, ""]) expect(readSealKeys(setting).size).toBe(0);
  });

  it.each(["x", keyOf(1), `0:${keyOf(1)}`, `1:${keyOf(1)}A`, "1:AAAA", `1:${keyOf(1)};2:${keyOf(2)}`])(
    "are refused from %j, unseen",
    (setting) => {
      expect(() => readSealKeys(setting)).toThrow(/^SINK_SECRETS_KEY must be/);
    },
  );
});
