import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  digestOf,
  importedKind,
  mintToken,
  parseToken,
  readImportedTokens,
  readTagKeys,
  TOKEN_LENGTH_MAX,
} from "../../src/access/token.ts";

const NONE = readTagKeys(undefined);
const OLD = readTagKeys("1:AAECAwQFBgcICQoLDA0ODw");
const BOTH = readTagKeys("1:AAECAwQFBgcICQoLDA0ODw,2:Dw4NDAsKCQgHBgUEAwIBAA");

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A text with the right CRC behind it, which anybody can compute. */
function withCrc(text: string): string {
  let crc = "";
  for (let rest = crc32(text); crc.length < 6; rest = Math.floor(rest / 62)) crc = DIGITS.charAt(rest % 62) + crc;
  return text + crc;
}

describe("tokens", () => {
  it.each(["api", "personal", "session", "ingest"] as const)("mints %s tokens that parse as such", (kind) => {
    for (const keys of [NONE, OLD, BOTH]) {
      const token = mintToken(kind, keys);
      expect(token).toMatch(/^xa[apsi]t-[0-9A-Za-z]{41}$/);
      expect(parseToken(token, keys)).toBe(kind);
    }
  });

  it("are taken for as long as they live: their form never changes", () => {
    expect(parseToken("xaat-1GMODh0GNAYbrBMQrawLilUYYZzsEr31dyl3GVpLv", OLD)).toBe("api");
    expect(parseToken("xast-0sDaufhEOYuV4IkzfanEpRd03sdeRQG000006xMKn", NONE)).toBe("session");
  });

  it("20 mints no token twice", () => {
    expect(new Set(Array.from({ length: 50_000 }, () => mintToken("api", OLD))).size).toBe(50_000);
  });

  it("20 mints every character as often as any other", () => {
    const counts = new Map<string, number>();
    const tokens = 10_000;
    for (let i = 0; i < tokens; i++)
      for (const character of mintToken("api", NONE).slice(6, 36)) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(62);
    const expected = (tokens * 30) / 62;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 61 degrees of freedom: chance alone exceeds this once in a hundred million runs. A bias of 256 modulo 62 makes it 4,000
    expect(chiSquare).toBeLessThan(140);
  });

  it("17 refuses a key id that is not configured", () => {
    const key = "AAECAwQFBgcICQoLDA0ODw";
    for (const id of "2AZaz") expect(parseToken(mintToken("api", readTagKeys(`${id}:${key}`)), OLD)).toBeNull();
    expect(parseToken(mintToken("api", readTagKeys(`2:${key}`)), NONE)).toBeNull();
  });

  it("21 refuses a token in capitals, in small letters, or with the case of any one letter exchanged", () => {
    for (const token of [mintToken("api", OLD), mintToken("session", NONE)]) {
      const keys = token.startsWith("xaat") ? OLD : NONE;
      const exchanged = Array.from(token, (letter, i) => {
        const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
        return token.slice(0, i) + other + token.slice(i + 1);
      });
      const spelled = [token.toUpperCase(), token.toLowerCase(), token.slice(0, 5).toUpperCase() + token.slice(5), ...exchanged];
      for (const text of spelled.filter((one) => one !== token)) expect(parseToken(text, keys)).toBeNull();
    }
  });

  it("17 tags with the newest key and still takes the older ones", () => {
    expect(mintToken("api", BOTH).charAt(5)).toBe("2");
    expect(parseToken(mintToken("api", OLD), BOTH)).toBe("api");
    expect(parseToken(mintToken("api", BOTH), OLD)).toBeNull();
  });

  it("17 refuses untagged tokens once there is a tag key", () => {
    expect(parseToken(mintToken("api", NONE), OLD)).toBeNull();
  });

  it.each([
    ["a stranger's prefix", `xxat-0${"A".repeat(30)}0000`],
    ["something before it", `a xaat-0${"A".repeat(30)}0000`],
    ["a key where there is none", `xaat-1${"A".repeat(30)}0000`],
    ["a tag where there is no key", `xaat-0${"A".repeat(30)}0001`],
  ])("refuses %s, whatever its CRC says", (_, text) => {
    expect(parseToken(withCrc(text), NONE)).toBeNull();
    expect(parseToken(withCrc(`xaat-0${"A".repeat(30)}0000`), NONE)).toBe("api");
  });

  it("15 refuses a token with any one character changed, dropped or added", () => {
    const token = mintToken("api", OLD);
    for (let i = 0; i < token.length; i++) {
      const other = token.charAt(i) === "A" ? "B" : "A";
      expect(parseToken(token.slice(0, i) + other + token.slice(i + 1), OLD)).toBeNull();
      expect(parseToken(token.slice(0, i) + token.slice(i + 1), OLD)).toBeNull();
      expect(parseToken(`${token.slice(0, i)}A${token.slice(i)}`, OLD)).toBeNull();
    }
  });

  it("16 refuses well-formed tokens that were tagged with another key", () => {
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

  it.each([
    "0:AAECAwQFBgcICQoLDA0ODw",
    "1:short",
    "key",
    "12:AAECAwQFBgcICQoLDA0ODw",
    "1:AAECAwQFBgcICQoLDA0ODw=",
    "1:AAECAwQFBgcICQoLDA0O+w",
  ])("refuses the tag key setting %j", (setting) => {
    expect(() => readTagKeys(setting)).toThrow("TOKEN_TAG_KEYS");
  });
});

describe("tokens that Axiom made", () => {
  it.each([
    ...([undefined, "", "false", false] as const).map((setting) => [setting, false] as const),
    ...(["true", true] as const).map((setting) => [setting, true] as const),
  ])("are taken under the setting %s: %s", (setting, taken) => {
    expect(readImportedTokens(setting)).toBe(taken);
  });

  it.each(["yes", "1", 1, null, "TRUE"])("are neither taken nor refused under the setting %s, which is an error", (setting) => {
    expect(() => readImportedTokens(setting)).toThrow("IMPORTED_TOKENS");
  });

  it.each([
    ["xaat-3b241101-e2bb-4255-8caf-4136c566a962", "api"],
    ["xait-3b241101-e2bb-4255-8caf-4136c566a962", "ingest"],
    ["xapt-3b241101-e2bb-4255-8caf-4136c566a962", null],
    ["xaat-3b241101-e2bb-1255-8caf-4136c566a962", null],
    [mintToken("api", OLD), null],
  ])("have a kind by their form: %s", (text, kind) => {
    expect(importedKind(text)).toBe(kind);
    expect(parseToken(text, OLD, true)).toBe(kind ?? parseToken(text, OLD));
  });
});
