import { describe, expect, it } from "vitest";
import { digestOf, mintToken, parseToken, readTagKeys, TOKEN_LENGTH_MAX } from "../../src/access/token.ts";

const NONE = readTagKeys(undefined);
const OLD = readTagKeys("1:AAECAwQFBgcICQoLDA0ODw");
const BOTH = readTagKeys("1:AAECAwQFBgcICQoLDA0ODw,2:Dw4NDAsKCQgHBgUEAwIBAA");

describe("tokens", () => {
  it.each(["api", "personal", "session", "ingest"] as const)("mints %s tokens that parse as such", (kind) => {
    for (const keys of [NONE, OLD, BOTH]) {
      const token = mintToken(kind, keys);
      expect(token).toMatch(/^xa[apsi]t-[0-9A-Za-z]{41}$/);
      expect(parseToken(token, keys)).toBe(kind);
    }
  });

  it("mints no token twice", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => mintToken("api", OLD))).size).toBe(1_000);
  });

  it("tags with the newest key and still takes the older ones", () => {
    expect(mintToken("api", BOTH).charAt(5)).toBe("2");
    expect(parseToken(mintToken("api", OLD), BOTH)).toBe("api");
    expect(parseToken(mintToken("api", BOTH), OLD)).toBeNull();
  });

  it("refuses untagged tokens once there is a tag key", () => {
    expect(parseToken(mintToken("api", NONE), OLD)).toBeNull();
  });

  it("refuses a token with any one character changed, dropped or added", () => {
    const token = mintToken("api", OLD);
    for (let i = 0; i < token.length; i++) {
      const other = token.charAt(i) === "A" ? "B" : "A";
      expect(parseToken(token.slice(0, i) + other + token.slice(i + 1), OLD)).toBeNull();
      expect(parseToken(token.slice(0, i) + token.slice(i + 1), OLD)).toBeNull();
      expect(parseToken(`${token.slice(0, i)}A${token.slice(i)}`, OLD)).toBeNull();
    }
  });

  it("refuses well-formed tokens that were tagged with another key", () => {
    const foreign = readTagKeys("1:AAAAAAAAAAAAAAAAAAAAAA");
    const accepted = Array.from({ length: 500 }, () => parseToken(mintToken("api", foreign), OLD)).filter(Boolean);
    expect(accepted.length).toBe(0);
  });

  it.each([
    "",
    "xaat-",
    "xaat-96ac7408-c7d1-4cde-9e23-d1bda820636a",
    "xapt-123",
    `xaat-${"A".repeat(TOKEN_LENGTH_MAX)}`,
    "Bearer x",
    "xaat-\n",
  ])("refuses %j without further ado", (text) => {
    expect(parseToken(text, OLD)).toBeNull();
  });

  it("is known by the SHA-256 of the whole text", () => {
    expect(digestOf("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });

  it.each(["0:AAECAwQFBgcICQoLDA0ODw", "1:short", "key", "12:AAECAwQFBgcICQoLDA0ODw"])("refuses the tag key setting %j", (setting) => {
    expect(() => readTagKeys(setting)).toThrow("TOKEN_TAG_KEYS");
  });
});
