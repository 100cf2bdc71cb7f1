import { describe, expect, it } from "vitest";
import { returnPath } from "../../../src/management/sign-in/return-to.ts";

const HOME = "https://management.example.com";

describe("where somebody goes after signing in", () => {
  it.each([
    ["/", "/"],
    ["/datasets", "/datasets"],
    ["/a/../b?x=1&y=%2F%2Fevil#part", "/b?x=1&y=%2F%2Fevil#part"],
    ["/?next=https://evil.example", "/?next=https://evil.example"],
    ["/%09/evil.example", "/%09/evil.example"],
    ["/@evil.example", "/@evil.example"],
  ])("78 may be %s", (asked, path) => {
    expect(returnPath([asked], HOME)).toBe(path);
  });

  it.each([
    "",
    "datasets",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\t\\evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/%2e//evil.example",
    "https:evil.example",
    "https://evil.example",
    "https://management.example.com/x",
    "javascript:alert(1)",
    "data:text/html,x",
    "/x\r\nset-cookie: a=b",
    "/x\nlocation: https://evil.example",
    `/${"a".repeat(8_192)}`,
    `/${"\u00e9".repeat(300)}`,
  ])("78 is the beginning instead of %j", (asked) => {
    expect(returnPath([asked], HOME)).toBe("/");
  });

  it("78 is the beginning when nothing, or more than one place, was asked for", () => {
    expect(returnPath([], HOME)).toBe("/");
    expect(returnPath(["/a", "/b"], HOME)).toBe("/");
  });
});
