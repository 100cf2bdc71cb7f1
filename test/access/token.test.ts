import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digestOf, mintToken, parseToken, readTagKeys, TOKEN_LENGTH_MAX } from "../../src/access/token.ts";

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

  it("are drawn from all digits alike", () => {
    const tokens = 4_000;
    const counts = new Map<string, number>();
    for (let n = 0; n < tokens; n++)
      for (const digit of mintToken("api", NONE).slice(6, 36)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    const mean = (tokens * 30) / DIGITS.length;
    // six standard deviations: once in millions of runs by chance
    for (const digit of DIGITS) expect(Math.abs((counts.get(digit) ?? 0) - mean)).toBeLessThan(6 * Math.sqrt(mean));
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

  it.each([
    ["a stranger's prefix", `xxat-0${"A".repeat(30)}0000`],
    ["something before it", `a xaat-0${"A".repeat(30)}0000`],
    ["a key where there is none", `xaat-1${"A".repeat(30)}0000`],
    ["a tag where there is no key", `xaat-0${"A".repeat(30)}0001`],
  ])("refuses %s, whatever its CRC says", (_, text) => {
    expect(parseToken(withCrc(text), NONE)).toBeNull();
    expect(parseToken(withCrc(`xaat-0${"A".repeat(30)}0000`), NONE)).toBe("api");
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
