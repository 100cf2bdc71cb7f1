import { describe, expect, it } from "vitest";
import { readAuthorization } from "../../src/access/authorization.ts";
import { Problem } from "../../src/problem.ts";

function read(value: string | null): string {
  try {
    return readAuthorization(new Headers(value === null ? {} : { authorization: value }));
  } catch (error) {
    return error instanceof Problem ? error.reason : "other";
  }
}

/** As long as one may be. */
const JWT = `${"a".repeat(2_730)}.${"b".repeat(2_730)}.${"c".repeat(2_730)}`;

describe("readAuthorization", () => {
  it.each<[string | null, string]>([
    ["Bearer abc-1", "abc-1"],
    ["bEaReR   abc", "abc"],
    [`Basic ${btoa("axiom:abc")}`, "abc"],
    [`basic ${btoa(":a:b")}`, "a:b"],
    [null, "credential-missing"],
    ["", "credential-missing"],
    ["Bearer", "credential-malformed"],
    ["Bearer a b", "credential-malformed"],
    ["Bearer\tabc", "credential-malformed"],
    ["Bearer one, Bearer two", "credential-malformed"],
    ["Bearer one,two", "credential-malformed"],
    ["abc", "credential-malformed"],
    ["Digest abc", "credential-malformed"],
    ["Basic !!!", "credential-malformed"],
    [`Basic ${btoa("nocolon")}`, "credential-malformed"],
    [`Bearer ${"a".repeat(20_000)}`, "credential-malformed"],
    ["Bearer a.b.c", "a.b.c"],
    [`Bearer ${JWT}`, JWT],
    [`bearer   ${JWT}`, JWT],
    [`Bearer ${JWT}x`, "credential-malformed"],
    [`Bearer ${JWT.replaceAll(".", "x")}`, "credential-malformed"],
    [`Bearer ${JWT.slice(0, -1)}.`, "credential-malformed"],
    [`Bearer ${JWT.slice(0, -1)}=`, "credential-malformed"],
    [`Bearer ${JWT.slice(0, 600)}, Bearer ${JWT.slice(0, 600)}`, "credential-malformed"],
    [`Bearer ${"a".repeat(600)}`, "credential-malformed"],
    [`Basic ${btoa(`axiom:${"a".repeat(600)}`)}`, "credential-malformed"],
    // to the character
    [`Bearer ${"a".repeat(505)}`, "a".repeat(505)],
    [`Bearer ${"a".repeat(506)}`, "credential-malformed"],
    [`Bearer${" ".repeat(10)}${JWT}`, JWT],
    [`Bearer${" ".repeat(11)}${JWT}`, "credential-malformed"],
  ])("reads %j as %j", (header, expected) => {
    expect(read(header)).toBe(expected);
  });
});
