import { describe, expect, it } from "vitest";
import { readAuthorization } from "../../src/access/authorization.ts";
import { Problem } from "../../src/problem.ts";

function read(value: string | null, query = ""): string {
  try {
    // as the runtime hands it over, whatever `Headers` would make of it
    return readAuthorization({ get: () => value } as unknown as Headers, new URLSearchParams(query));
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
    ["Bearer one, Bearer two", "credential-repeated"],
    ["Bearer one,two", "credential-repeated"],
    ["abc", "credential-malformed"],
    ["Digest abc", "credential-malformed"],
    ["Digest bearer a, b", "credential-malformed"],
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
    [`Bearer ${JWT.slice(0, 600)}, Bearer ${JWT.slice(0, 600)}`, "credential-repeated"],
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

  it("reads the header of that name, in any case, and no other", () => {
    const of = (headers: Record<string, string>) => () => readAuthorization(new Headers(headers), new URLSearchParams());
    expect(of({ AUTHORIZATION: "Bearer abc" })()).toBe("abc");
    expect(of({ "proxy-authorization": "Bearer abc", "x-authorization": "Bearer abc" })).toThrow("no credential was sent");
  });

  const TOKEN = "xaat-17VXpMSm7eNw7I0jYSDvUlwz8PWpBgckbC41LhQ8b";

  it.each<[string, string]>([
    ["full-width letters", TOKEN.replace("xaat", "\uff58\uff41\uff41\uff54")],
    ["full-width digits", TOKEN.replace("7", "\uff17")],
    ["a Greek alpha", TOKEN.replace("a", "\u03b1")],
    ["a zero-width joiner", TOKEN.replace("-", "-\u200d")],
    ["a zero-width space in front", `\u200b${TOKEN}`],
    ["a byte order mark in front", `\ufeff${TOKEN}`],
    ["a combining mark", TOKEN.replace("a", "a\u0301")],
    ["its composed form", TOKEN.replace("a", "\u00e1")],
    ["a soft hyphen", TOKEN.replace("-", "\u00ad")],
    ["another hyphen", TOKEN.replace("-", "\u2010")],
    ["half a surrogate pair", `${TOKEN}\ud83d`],
    ["a letter beyond the first plane", TOKEN.replace("a", "\u{1d41a}")],
    ["the mark of undecodable bytes", `${TOKEN}\ufffd`],
    ["a letter that lower case makes ASCII of", TOKEN.replace("k", "\u212a")],
    ["a line separator", `${TOKEN}\u2028`],
    ["a no-break space", `\u00a0${TOKEN}`],
    ["NUL", `${TOKEN}\0`],
  ])("10 takes no token with %s", (_, text) => {
    expect(read(`Bearer ${TOKEN}`)).toBe(TOKEN);
    for (const header of [`Bearer ${text}`, `\uff22earer ${TOKEN}`, `Bearer\u00a0${TOKEN}`])
      expect(read(header)).toBe("credential-malformed");
  });

  it("7 takes no token from the query string, and none at all from who sends one there, too", () => {
    for (const query of [`access_token=${TOKEN}`, `token=${TOKEN}`, `tk=${TOKEN}`, "access_token=x", `a=b&apikey=${TOKEN}&c=d`]) {
      expect(read(null, query)).toBe("credential-missing");
      expect(read(`Bearer ${TOKEN}`, query)).toBe("credential-repeated");
    }
    for (const query of ["token=abc", "timestamp-field=xaat", "cursor=xaat_1"]) expect(read(`Bearer ${TOKEN}`, query)).toBe(TOKEN);
  });
});
