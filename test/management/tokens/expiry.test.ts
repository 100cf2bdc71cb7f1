import { describe, expect, it } from "vitest";
import { earlier, NEVER, readExpiry, readFutureExpiry } from "../../../src/management/tokens/expiry.ts";
import { Problem } from "../../../src/problem.ts";

describe("when a token ends", () => {
  it.each([null, undefined, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"])("%j means never", (value) => {
    expect(readExpiry("expiresAt", value)).toEqual(NEVER);
  });

  it.each([
    ["2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z", 0],
    ["2030-01-31t12:00:00z", "2030-01-31T12:00:00Z", 0],
    ["2030-01-31T12:00:00.000Z", "2030-01-31T12:00:00Z", 0],
    ["2030-01-31T12:00:00.120Z", "2030-01-31T12:00:00.12Z", 120],
    ["2030-01-31T12:00:00.123456789Z", "2030-01-31T12:00:00.123456789Z", 123],
    ["2030-01-31T12:00:00.999999999Z", "2030-01-31T12:00:00.999999999Z", 999],
    ["2030-01-31T14:00:00+02:00", "2030-01-31T12:00:00Z", 0],
    ["2030-01-30T23:30:00.5-12:30", "2030-01-31T12:00:00.5Z", 500],
    ["2030-01-31T12:00:00.25+00:00Z", "2030-01-31T12:00:00.25Z", 250],
  ])("%s is kept as %s", (value, text, ms) => {
    expect(readExpiry("expiresAt", value)).toEqual({ text, at: Date.UTC(2030, 0, 31, 12) + ms });
    expect(readExpiry("expiresAt", text)).toEqual(readExpiry("expiresAt", value));
  });

  it.each([
    "",
    "tomorrow",
    "2030-01-31",
    "2030-01-31T12:00:00",
    "2030-02-30T12:00:00Z",
    "2030-13-01T12:00:00Z",
    "2030-01-31T24:00:00Z",
    "2030-01-31T12:00:60Z",
    "2030-01-31T12:00:00+24:00",
    "2030-01-31T12:00:00.1234567890Z",
    "9999-12-31T23:59:59-01:00",
    "1969-12-31T23:59:59Z",
    " 2030-01-31T12:00:00Z",
    "2030-01-31T12:00:00Z\n",
  ])("%j is no time", (value) => {
    expect(() => readExpiry("newToken.expiresAt", value)).toThrow(Problem);
    expect(() => readExpiry("newToken.expiresAt", value)).toThrow("newToken.expiresAt");
  });

  it("lies ahead for a new token", () => {
    const now = Date.UTC(2030, 0, 31, 12);
    expect(() => readFutureExpiry("expiresAt", "2030-01-31T12:00:00Z", now)).toThrow("past");
    expect(readFutureExpiry("expiresAt", "2030-01-31T12:00:00.001Z", now).at).toBe(now + 1);
    expect(readFutureExpiry("expiresAt", null, now)).toEqual(NEVER);
  });

  it("only ever comes nearer", () => {
    const [sooner, later] = [
      { at: 1, text: "sooner" },
      { at: 2, text: "later" },
    ];
    for (const [one, other] of [
      [sooner, later],
      [later, sooner],
      [NEVER, sooner],
      [sooner, NEVER],
    ] as const)
      expect(earlier(one, other)).toBe(sooner);
    expect(earlier(NEVER, NEVER)).toEqual(NEVER);
  });
});
