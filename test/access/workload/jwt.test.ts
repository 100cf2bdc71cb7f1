/** Tokens that nobody may come in with, and the few that may. Numbers are those of the attack list. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { TrustedIssuer } from "../../../src/access/trusted-issuer.ts";
import type { TrustedFetch } from "../../../src/access/workload/fetch-trusted.ts";
import { isJwtShaped, JWT_LENGTH_MAX, openJwt } from "../../../src/access/workload/jwt.ts";
import { openKeySets } from "../../../src/access/workload/key-sets.ts";
import { authenticateJwt } from "../../../src/edge/workload/authenticate-jwt.ts";
import { Problem } from "../../../src/problem.ts";
import { AUDIENCE, claimsOf, encode, ISSUER, NOW, NOW_S, type Signer, SUBJECT, signer, trusting } from "./issuer.ts";

const KEY = await signer("ES256", "k1");
const STRANGER = await signer("ES256", "k1");

/** What comes of a token: `ok`, or a reason. Everything that is fetched meanwhile is noted. */
async function come(token: string, trusted: TrustedIssuer | null = trusting([KEY]), now = NOW) {
  const fetched: string[] = [];
  const looked: string[] = [];
  const fetch: TrustedFetch["fetch"] = async (url) => {
    fetched.push(String(url));
    return Response.json({ keys: trusted?.keys ?? [] });
  };
  const find = async (key: string) => {
    looked.push(key);
    return { document: trusted, degraded: false };
  };
  const env = { fetch, allowInsecure: false, find, sets: openKeySets() };
  try {
    const { document: set } = await authenticateJwt(token, { now, waitUntil: () => {} }, env);
    return { reason: "ok", set, fetched, looked, text: "" };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { reason: error.reason, set: null, fetched, looked, text: error.message };
  }
}

async function reasonOf(token: string | Promise<string>, more: Partial<TrustedIssuer> = {}, now = NOW): Promise<string> {
  return (await come(await token, trusting([KEY], more), now)).reason;
}

describe("a JWT that its issuer made for us", () => {
  it("becomes a permission set with the token's end and the mapping's datasets", async () => {
    const { set, fetched } = await come(await KEY.token());
    expect(set).toMatchObject({
      id: expect.stringMatching(/^jwt:issuer-1:[\w-]{16}$/),
      org: "acme-1a2b",
      status: "active",
      expiresAt: (NOW_S + 600) * 1_000,
      datasets: { d1: ["ingest:create"] },
    });
    expect(fetched).toEqual([]);
  });

  it.each(["ES256", "ES384", "RS256", "PS256", "EdDSA"] as const)("may be signed with %s where that is configured", async (algorithm) => {
    const other = await signer(algorithm);
    const token = await other.token();
    expect((await come(token, trusting([other], { algorithms: [algorithm] }))).reason).toBe("ok");
    const rest = (["ES256", "ES384", "RS256", "PS256", "EdDSA"] as const).filter((one) => one !== algorithm);
    expect((await come(token, trusting([other], { algorithms: rest }))).reason).toBe("credential-malformed");
  });

  it("may write its type with the prefix of a media type, in any case", async () => {
    for (const typ of ["application/at+jwt", "AT+JWT"]) expect(await reasonOf(KEY.token({}, { typ }))).toBe("ok");
  });

  it("may name its one audience in an array", async () => {
    expect(await reasonOf(KEY.token({ aud: [AUDIENCE] }))).toBe("ok");
  });

  it("gets what all mappings that match grant together, and nothing beside ingest and query", async () => {
    const claims: TrustedIssuer["claims"] = [
      { when: [{ claim: "sub", startsWith: "system:" }], grants: { datasets: { d1: ["ingest:create"] } } },
      { when: [{ claim: "groups", includes: "ops" }], grants: { datasets: { d1: ["query:read"], d2: ["query:read", "trim:update"] } } },
      { when: [{ claim: "scope", includes: "write" }], grants: { datasets: { d3: ["data:delete"] } } },
      { when: [{ claim: "sub", equals: "somebody else" }], grants: { datasets: { "*": ["ingest:create"] } } },
      { when: [], grants: { datasets: { "*": ["query:read"] } } },
    ];
    const { set } = await come(await KEY.token({ groups: ["dev", "ops"], scope: "read write" }), trusting([KEY], { claims }));
    expect(set?.datasets).toEqual({ d1: ["ingest:create", "query:read"], d2: ["query:read"] });
  });

  it("is 403 with the names of the claims, and none of their values, when no mapping matches", async () => {
    const { reason, text } = await come(await KEY.token({ sub: "secret-subject", repository: "secret-repository" }));
    expect(reason).toBe("forbidden");
    expect(text).toContain("sub");
    expect(text).not.toMatch(/secret|deployer/);
  });

  it("matches a claim only where all conditions of a mapping hold", async () => {
    const when = [
      { claim: "repository", equals: "acme/app" },
      { claim: "ref", equals: "refs/heads/main" },
    ];
    const claims = [{ when, grants: { datasets: { d1: ["ingest:create"] } } }];
    expect(await reasonOf(KEY.token({ repository: "acme/app", ref: "refs/heads/main" }), { claims })).toBe("ok");
    for (const other of [
      { repository: "acme/app", ref: "refs/heads/evil" },
      { repository: "acme/app" },
      { repository: ["acme/app"], ref: "refs/heads/main" },
      { repository: { equals: "acme/app" }, ref: "refs/heads/main" },
    ])
      expect(await reasonOf(KEY.token(other), { claims })).toBe("forbidden");
  });

  it("looks at own members only", async () => {
    const claims = [{ when: [{ claim: "constructor", startsWith: "f" }], grants: { datasets: { d1: ["ingest:create"] } } }];
    expect(await reasonOf(KEY.token(), { claims })).toBe("forbidden");
  });

  it("may lack jti and client_id, and a type, where the issuer is a CI provider", async () => {
    const claims = { jti: undefined, client_id: undefined };
    for (const typ of ["JWT", "jwt", undefined]) expect(await reasonOf(KEY.token(claims, { typ }), { typ: "JWT" })).toBe("ok");
    expect(await reasonOf(KEY.token(claims, { typ: "at+jwt" }), { typ: "JWT" })).toBe("credential-malformed");
  });

  it("is refused when its issuer was disabled or deleted", async () => {
    expect(await reasonOf(KEY.token(), { status: "disabled" })).toBe("token-disabled");
    expect(await reasonOf(KEY.token(), { status: "deleted" })).toBe("token-unknown");
  });
});

describe("68 signatures and forms", () => {
  it.each(["none", "None", "NONE", "nOnE", ""])("68 alg %j is refused, with a signature and without", async (alg) => {
    const token = await KEY.token({}, { alg });
    const [head, body] = token.split(".");
    for (const one of [token, `${head}.${body}.`, `${head}.${body}`]) {
      const { reason, fetched } = await come(one);
      expect([reason, fetched]).toEqual(["credential-malformed", []]);
    }
  });

  it.each([undefined, null, 256, ["ES256"], { alg: "ES256" }, "es256", "RS256", "ES512", "HS256"])("68 alg %j is refused", async (alg) => {
    expect(await reasonOf(KEY.token({}, { alg }))).toBe("credential-malformed");
  });

  it("68 several audiences are refused, ours among them", async () => {
    for (const aud of [
      [AUDIENCE, "https://other.example"],
      ["https://other.example", AUDIENCE],
      [AUDIENCE, AUDIENCE],
      [],
      [[AUDIENCE]],
      {},
      1,
      null,
      "",
    ])
      expect([aud, await reasonOf(KEY.token({ aud }))]).toEqual([aud, "credential-malformed"]);
  });

  it("68 an iat in the future is refused beyond five seconds", async () => {
    expect(await reasonOf(KEY.token({ iat: NOW_S + 5 }))).toBe("ok");
    expect(await reasonOf(KEY.token({ iat: NOW_S + 6 }))).toBe("token-not-yet-valid");
    expect(await reasonOf(KEY.token({ iat: NOW_S + 3_600, exp: NOW_S + 7_200 }))).toBe("token-not-yet-valid");
  });

  it.each([
    ["a claim", () => JSON.stringify(claimsOf()).replace("{", `{"sub":"somebody",`), undefined],
    ["a claim under an escaped name", () => JSON.stringify(claimsOf()).replace("{", '{"s\\u0075b":"somebody",'), undefined],
    ["a claim deep inside", () => JSON.stringify(claimsOf()).replace("{", '{"deep":[{"a":{"b":1,"c":{},"b":2}}],'), undefined],
    ["a header", undefined, '{"alg":"ES256","alg":"none","typ":"at+jwt","kid":"k1"}'],
  ])("68 %s that is said twice is refused", async (_, claims, header) => {
    expect(await reasonOf(KEY.token(claims?.() ?? {}, header ?? {}))).toBe("credential-malformed");
  });

  it("68 one name in several objects is not said twice", async () => {
    expect(await reasonOf(KEY.token({ a: [{ sub: 1 }, { sub: 2 }], sub2: { sub: "sub", x: ["sub", "sub"] } }))).toBe("ok");
  });

  it("68 base64url has one spelling: no padding, other alphabet, blank or stray bits", async () => {
    const token = await KEY.token();
    const [head = "", body = "", signature = ""] = token.split(".");
    // the last character of a 64-byte signature holds four bits that mean nothing
    const stray = signature.slice(0, -1) + String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1);
    for (const one of [`${token}=`, `${token}==`, ` ${token}`, `${token}\n`, `${head}=.${body}.${signature}`, `${head}.${body}.${stray}`])
      expect((await come(one)).reason).toBe("credential-malformed");
    for (const letter of "+/=. é") expect((await come(`${head}.${body}.${letter.repeat(86)}`)).reason).toBe("credential-malformed");
  });

  it("68 three parts and no other number", async () => {
    const token = await KEY.token();
    const [head, body, signature] = token.split(".");
    for (const one of [
      `${head}.${body}`,
      `${token}.`,
      `${token}.x`,
      `${token}.x.y`,
      `.${body}.${signature}`,
      `${head}..${signature}`,
      "..",
      "a.b.c",
    ])
      expect((await come(one)).reason).toBe("credential-malformed");
  });

  it("68 a token over 8 KB is refused unread", async () => {
    const token = await KEY.token({ padding: "x".repeat(JWT_LENGTH_MAX) });
    const { reason, looked } = await come(token);
    expect([reason, looked]).toEqual(["credential-malformed", []]);
    expect(await reasonOf(KEY.token({ padding: "x".repeat(5_000) }))).toBe("ok");
  });

  it("68 8192 characters are no more than 8 KB", () => {
    expect(JWT_LENGTH_MAX).toBe(8_192);
    expect(isJwtShaped(`a.b.${"c".repeat(8_188)}`)).toBe(true);
    expect(isJwtShaped(`a.b.${"c".repeat(8_189)}`)).toBe(false);
  });

  it.each<[string, string | Record<string, unknown>, string | Record<string, unknown>]>([
    ["its header must be one JSON object", "[]", {}],
    ["its payload must be one JSON object", {}, "[]"],
    ["its header lacks the text alg", { alg: undefined }, {}],
    ["its header lacks the text alg", { alg: 1 }, {}],
    ["typ in its header is no text", { typ: 1 }, {}],
    ["its header has the member jku", { jku: "" }, {}],
    ["its header must name the key in kid", { kid: "" }, {}],
    ["it lacks the claim iss", {}, { iss: "" }],
    ["its claim aud must be one text", {}, { aud: [] }],
  ])("68 a refusal says what is wrong: %s", async (what, header, claims) => {
    const token = await KEY.token(claims, header);
    expect(() => openJwt(token)).toThrow(`the token is no JWT that is taken here: ${what}`);
  });

  it("68 a token without a signature is told that it is not signed", async () => {
    const [head, body] = (await KEY.token()).split(".");
    expect(() => openJwt(`${head}.${body}.`)).toThrow("it is not signed");
    expect(() => openJwt(`${head}.${body}`)).toThrow("three parts");
  });

  it("68 a signature of zeros, of another length, or over other claims is refused", async () => {
    const [head = "", body = ""] = (await KEY.token()).split(".");
    const [, , other] = (await KEY.token({ sub: "other" })).split(".");
    for (const signature of [encode(new Uint8Array(64)), encode(new Uint8Array(63)), encode(new Uint8Array(65)), encode("x"), other])
      expect((await come(`${head}.${body}.${signature}`)).reason).toBe("token-unknown");
  });

  it("68 another's key under the same kid is refused", async () => {
    expect(await reasonOf(STRANGER.token())).toBe("token-unknown");
  });

  it.each(["null", "[]", '"text"', "1", "", "{", '{"a":1}x', '\u{feff}{"alg":"ES256"}', "{'alg':'ES256'}"])(
    "68 a part that is %j is refused",
    async (text) => {
      expect((await come(await KEY.token({}, text))).reason).toBe("credential-malformed");
      expect((await come(await KEY.token(text))).reason).toBe("credential-malformed");
    },
  );

  it("68 bytes that are no UTF-8 are refused, though signed", async () => {
    const bytes = Buffer.from(JSON.stringify({ ...claimsOf(), note: "?" }));
    bytes[bytes.indexOf("?")] = 0xff;
    expect(await reasonOf(KEY.token(new Uint8Array(bytes)))).toBe("credential-malformed");
  });

  it.each(["exp", "iat", "sub", "jti", "client_id"])("68 a token without %s is refused by the name of the claim", async (claim) => {
    const { reason, text } = await come(await KEY.token({ [claim]: undefined }));
    expect(reason).toBe("credential-malformed");
    expect(text).toContain(claim);
  });

  it("68 a token without iss or aud is refused before anything is looked up", async () => {
    for (const claim of ["iss", "aud"]) {
      const { reason, looked } = await come(await KEY.token({ [claim]: undefined }));
      expect([reason, looked]).toEqual(["credential-malformed", []]);
    }
  });

  it("68 sub must be a text", async () => {
    for (const sub of [1, null, ["system:deployer"], "", "x".repeat(1_025)])
      expect(await reasonOf(KEY.token({ sub }))).toBe("credential-malformed");
  });
});

describe("69 the public key as a shared secret", () => {
  it.each(["PEM", "DER", "JWK", "raw point", "kid"])("69 HS256 with the public key as %s is refused", async (form) => {
    const der = Buffer.from((await crypto.subtle.exportKey("spki", KEY.publicKey)) as ArrayBuffer);
    const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
    const point = Buffer.from((await crypto.subtle.exportKey("raw", KEY.publicKey)) as ArrayBuffer);
    const secrets: Record<string, Buffer> = {
      PEM: Buffer.from(pem),
      DER: der,
      JWK: Buffer.from(JSON.stringify(KEY.jwk)),
      "raw point": point,
      kid: Buffer.from("k1"),
    };
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const signed = `${encode(JSON.stringify({ alg, typ: "at+jwt", kid: "k1" }))}.${encode(JSON.stringify(claimsOf()))}`;
      const signature = createHmac(`sha${alg.slice(2)}`, secrets[form] as Buffer)
        .update(signed)
        .digest("base64url");
      const { reason, fetched } = await come(`${signed}.${signature}`);
      expect([reason, fetched]).toEqual(["credential-malformed", []]);
    }
  });
});

describe("70 what a header brings along", () => {
  it.each([
    ["jwk", (): unknown => STRANGER.jwk],
    ["jku", () => "https://evil.example/jwks"],
    ["x5u", () => "https://evil.example/chain"],
    ["x5c", () => ["MIIB"]],
    ["x5t", () => "aaaa"],
    ["x5t#S256", () => "aaaa"],
    ["crit", () => ["exp"]],
    ["crit", () => ["unknown"]],
    ["crit", () => []],
    ["b64", () => false],
    ["b64", () => true],
    ["zip", () => "DEF"],
  ])("70 %s is refused, and nothing is fetched", async (name, value) => {
    for (const by of [STRANGER, KEY]) {
      const { reason, fetched, looked } = await come(await by.token({}, { [name]: value() }));
      expect([reason, fetched, looked]).toEqual(["credential-malformed", [], []]);
    }
  });

  it.each([
    ["a path", "../../../dev/null"],
    ["SQL", "k1' UNION SELECT 'secret' -- "],
    ["a URL", "https://evil.example/jwks#k1"],
    ["a command", "|curl evil.example"],
    ["a prototype's member", "__proto__"],
    ["a near miss", "K1"],
    ["longer by a blank", "k1 "],
  ])("70 kid as %s is compared and found nowhere, at the configured address only", async (_, kid) => {
    const { reason, fetched } = await come(await STRANGER.token({}, { kid }));
    expect([reason, fetched]).toEqual(["token-unknown", [`${ISSUER}/jwks`]]);
  });

  it.each([
    ["absent", undefined],
    ["empty", ""],
    ["an array", ["k1"]],
    ["a number", 1],
    ["an object", { kid: "k1" }],
    ["null", null],
    ["very long", "k".repeat(257)],
  ])("70 kid that is %s is refused", async (_, kid) => {
    const { reason, fetched } = await come(await KEY.token({}, { kid }));
    expect([reason, fetched]).toEqual(["credential-malformed", []]);
  });

  it("70 kid may have 256 characters", async () => {
    const long = await signer("ES256", "k".repeat(256));
    expect((await come(await long.token(), trusting([long]))).reason).toBe("ok");
  });

  it("70 a key is taken for its own algorithm only, whatever the token says", async () => {
    const rsa = await signer("RS256", "k2");
    const algorithms: TrustedIssuer["algorithms"] = ["ES256", "RS256", "PS256", "ES384", "EdDSA"];
    for (const alg of ["PS256", "ES256", "ES384", "EdDSA"])
      expect((await come(await rsa.token({}, { alg }), trusting([rsa], { algorithms }))).reason).toBe("token-unknown");
  });
});

describe("72 tokens made for something else", () => {
  it("72 an ID token is no access token", async () => {
    for (const typ of ["JWT", undefined, "id_token+jwt", "dpop+jwt", "logout+jwt", "at+jwt; x", "application/jwt", "", "+jwt", "xat+jwt"])
      expect([typ, await reasonOf(KEY.token({ nonce: "n" }, { typ }))]).toEqual([typ, "credential-malformed"]);
  });

  it("72 typ must be a text", async () => {
    for (const typ of [null, 1, ["at+jwt"], {}]) expect(await reasonOf(KEY.token({}, { typ }))).toBe("credential-malformed");
  });

  it("72 an access token of another audience is unknown, even when somebody's look-up finds our document", async () => {
    for (const aud of ["https://other.example", `${AUDIENCE}/`, AUDIENCE.toUpperCase()]) {
      const { reason, fetched } = await come(await KEY.token({ aud }));
      expect([aud, reason, fetched]).toEqual([aud, "token-unknown", []]);
    }
  });

  it("72 a token of an unknown issuer with a known kid is unknown, and causes no fetch", async () => {
    for (const iss of ["https://evil.example", `${ISSUER}/`, ISSUER.replace("https", "http"), "https://evil.example/.well-known/jwks.json"])
      for (const trusted of [trusting([KEY]), null]) {
        const { reason, fetched, looked } = await come(await KEY.token({ iss }), trusted);
        expect([iss, reason, fetched, looked.length]).toEqual([iss, "token-unknown", [], 1]);
      }
  });

  it("72 iss and aud that together read like another pair are told apart", async () => {
    const { reason } = await come(await KEY.token({ iss: `${ISSUER}\nx`, aud: "y" }), trusting([KEY], { audience: "x\ny" }));
    expect(reason).toBe("token-unknown");
  });

  it("72 iss must be a text", async () => {
    for (const iss of [1, null, "", [ISSUER], {}]) expect(await reasonOf(KEY.token({ iss }))).toBe("credential-malformed");
  });
});

describe("73 times", () => {
  it.each<[string, string]>([
    ["a fraction", String(NOW_S + 600.5)],
    ["a text", `"${NOW_S + 600}"`],
    ["1e99", "1e99"],
    ["1e400", "1e400"],
    ["negative", "-1"],
    ["null", "null"],
    ["true", "true"],
    ["in milliseconds", String((NOW_S + 600) * 1_000)],
  ])("73 exp, iat and nbf that are %s are refused", async (_, literal) => {
    for (const claim of ["exp", "iat", "nbf"]) {
      const text = JSON.stringify({ ...claimsOf(), nbf: NOW_S, [claim]: "HERE" }).replace('"HERE"', literal);
      const reason = await reasonOf(KEY.token(text));
      expect([claim, reason]).toEqual([claim, expect.stringMatching(/^(credential-malformed|token-(expired|not-yet-valid))$/)]);
      expect(reason).not.toBe("ok");
    }
  });

  it("73 a token ends at exp, to the millisecond", async () => {
    expect(await reasonOf(KEY.token(), {}, (NOW_S + 600) * 1_000 - 1)).toBe("ok");
    expect(await reasonOf(KEY.token(), {}, (NOW_S + 600) * 1_000)).toBe("token-expired");
  });

  it("73 a token ends when it is older than its issuer's may be, whatever its exp says", async () => {
    const token = KEY.token({ iat: NOW_S - 3_600, exp: NOW_S + 86_400 });
    expect(await reasonOf(token, {}, NOW - 1)).toBe("ok");
    expect(await reasonOf(token)).toBe("token-expired");
    expect((await come(await token, trusting([KEY], { maxTokenAgeS: 7_200 }))).set?.expiresAt).toBe(NOW + 3_600_000);
  });

  it("73 nbf may be five seconds ahead, and no more", async () => {
    expect(await reasonOf(KEY.token({ nbf: NOW_S }))).toBe("ok");
    expect(await reasonOf(KEY.token({ nbf: NOW_S + 5 }))).toBe("ok");
    expect(await reasonOf(KEY.token({ nbf: NOW_S + 6 }))).toBe("token-not-yet-valid");
  });
});

describe("texts of refusals", () => {
  it("hold no value of the token and none of its parts", async () => {
    const bad: [Signer, Record<string, unknown>, Record<string, unknown>][] = [
      [KEY, { sub: "marker" }, {}],
      [KEY, { aud: ["marker", "x"] }, {}],
      [KEY, { iss: "marker" }, {}],
      [STRANGER, {}, { kid: "marker" }],
      [KEY, {}, { alg: "marker" }],
      [KEY, {}, { typ: "marker" }],
      [KEY, { exp: "marker" }, {}],
    ];
    for (const [by, claims, header] of bad) {
      const token = await by.token(claims, header);
      const { reason, text } = await come(token);
      expect(reason).not.toBe("ok");
      expect(text).not.toMatch(/marker|eyJ/);
      expect(text).not.toContain(SUBJECT);
    }
  });
});
