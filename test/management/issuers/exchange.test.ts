/** RFC 8693: a JWT in exchange for an API token; and both at a region's edge. */
import { createScheduledController } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { issuerDigest, issuerKey } from "../../../src/access/trusted-issuer.ts";
import worker from "../../../src/management/worker.ts";
import { SUBJECT } from "../../access/workload/issuer.ts";
import {
  type Answer,
  auditRows,
  call,
  count,
  type Deployment,
  dataset,
  deployment,
  env,
  inKv,
  keyOf,
  reasonOf,
  succeeded,
} from "../client.ts";
import { audienceOf, may, type Provider, provider, takeAway, trust } from "./provider.ts";

const { EDGE } = env as unknown as { EDGE: Fetcher };
const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const FORM = { "content-type": "application/x-www-form-urlencoded" };

interface Exchanged {
  access_token: string;
  issued_token_type: string;
  token_type: string;
  expires_in: number;
}

interface Refused {
  error: string;
  error_description: string;
}

let made: Deployment;
let idp: Provider;
let issuer: Answer;

beforeEach(async () => {
  made = await deployment();
  await dataset(made, "web");
  idp = await provider();
  issuer = await trust(made, idp, { claims: may({ web: ["ingest:create"] }) });
});

afterEach(() => {
  vi.useRealTimers();
});

/** KV takes one write per key and second. */
function later(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
}

const send = <T>(parameters: string | Record<string, string>, headers: Record<string, string> = FORM) =>
  call<T>("POST", "/v2/oauth/token", null, typeof parameters === "string" ? parameters : new URLSearchParams(parameters).toString(), {
    headers,
  });
const exchange = <T = Exchanged>(token: string, more: Record<string, string> = {}) =>
  send<T>({ grant_type: GRANT, subject_token: token, subject_token_type: JWT, ...more });
const refused = async (token: string | Promise<string>, more: Record<string, string> = {}) => {
  const { status, body } = await exchange<Refused>(await token, more);
  expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  return [status, body.error];
};
const token = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) => idp.token(audienceOf(made), claims, header);
const seconds = () => Math.floor(Date.now() / 1_000);

async function ingest(credential: string, name = "web"): Promise<[status: number, reason: string]> {
  const headers = { authorization: `Bearer ${credential}`, "content-type": "application/json" };
  const response = await EDGE.fetch(`https://edge.example/v1/ingest/${name}`, { method: "POST", body: '[{"a":1}]', headers });
  const { type = "" } = (await response.json()) as { type?: string };
  return [response.status, type.replace("urn:headgate:problem:", "")];
}

describe("a JWT at the edge", () => {
  it("ingests where its mapping lets it, and nowhere else", async () => {
    await dataset(made, "other");
    const jwt = await token();
    expect(await ingest(jwt)).toEqual([200, ""]);
    expect(await ingest(jwt, "other")).toEqual([403, "forbidden"]);
    expect(await ingest(jwt, "nowhere")).toEqual([404, "dataset-unknown"]);
    const headers = { authorization: `Bearer ${jwt}` };
    expect((await EDGE.fetch("https://edge.example/v1/datasets/web/segments", { headers })).status).toBe(403);
  });

  it("is counted under its issuer and a digest of its subject", async () => {
    later();
    succeeded(await call("PUT", `/v2/auth/issuers/${issuer.id}`, made.session, { claims: may({ web: ["ingest:create", "query:read"] }) }));
    // the edge has not met this issuer yet, so it learns of it now
    const jwt = await token();
    expect(await ingest(jwt)).toEqual([200, ""]);
    const response = await EDGE.fetch("https://edge.example/v1/datasets/web/stats", { headers: { authorization: `Bearer ${jwt}` } });
    const { tokens } = (await response.json()) as { tokens: { id: string; received: number }[] };
    expect(tokens).toMatchObject([{ id: expect.stringMatching(new RegExp(`^jwt:${issuer.id}:[\\w-]{16}$`)), received: 1 }]);
  });

  it("is refused by the reason: unknown issuer, expired, another's key, no mapping", async () => {
    const stranger = await provider();
    expect(await ingest(await stranger.token(audienceOf(made)))).toEqual([401, "token-unknown"]);
    expect(await ingest(await token({ iat: seconds() - 700, exp: seconds() - 1 }))).toEqual([401, "token-expired"]);
    expect(await ingest(await stranger.token(audienceOf(made), { iss: idp.issuer }, { kid: idp.signer.jwk.kid }))).toEqual([
      401,
      "token-unknown",
    ]);
    expect(await ingest(await token({ sub: "somebody" }))).toEqual([403, "forbidden"]);
    expect(await ingest((await token()).slice(0, -1))).toEqual([401, "credential-malformed"]);
  });

  it("comes in although its issuer is down, since the document has brought the keys along", async () => {
    await takeAway(idp.jwksUri);
    expect(await ingest(await token())).toEqual([200, ""]);
  });

  it("comes in although KV knows nothing of its issuer, since the authority does", async () => {
    await env.PERMISSIONS.delete(issuerKey(issuerDigest(idp.issuer, audienceOf(made))));
    expect(await ingest(await token())).toEqual([200, ""]);
  });

  it("is no credential of the management API", async () => {
    const reply = await call("GET", "/v2/tokens", { token: await token() });
    expect([reply.status, reasonOf(reply)]).toEqual([401, "credential-malformed"]);
  });
});

describe("an exchange", () => {
  it("answers with an API token that ingests where the mapping lets it, until the JWT ends", async () => {
    const reply = await exchange(await token({ exp: seconds() + 300 }));
    const { access_token: secret, ...rest } = succeeded(reply);
    expect(rest).toEqual({ issued_token_type: ACCESS_TOKEN, token_type: "Bearer", expires_in: expect.any(Number) });
    expect(rest.expires_in).toBeGreaterThan(290);
    expect(rest.expires_in).toBeLessThanOrEqual(300);
    expect([reply.headers.get("cache-control"), reply.headers.get("pragma")]).toEqual(["no-store", "no-cache"]);
    expect(secret).toMatch(/^xaat-/);
    expect(await ingest(secret)).toEqual([200, ""]);
    expect(await inKv(keyOf(secret))).toMatchObject({ org: made.org, status: "active" });
    expect((await call("GET", "/v2/tokens", { token: secret })).status).toBe(403);
  });

  it("gives an hour at most, whatever the JWT says", async () => {
    await call("PUT", `/v2/auth/issuers/${issuer.id}`, made.session, { maxTokenAgeS: 86_400 });
    expect(succeeded(await exchange(await token({ exp: seconds() + 86_000 }))).expires_in).toBe(3_600);
  });

  it("takes the type of an access token, and what libraries send along", async () => {
    const jwt = await token();
    expect((await exchange(jwt, { subject_token_type: ACCESS_TOKEN, requested_token_type: ACCESS_TOKEN, client_id: "ci" })).status).toBe(
      200,
    );
  });

  it("leaves one audit entry that says which workload, and no secret", async () => {
    const before = (await auditRows()).length;
    const jwt = await token();
    const { access_token: secret } = succeeded(await exchange(jwt));
    const entries = (await auditRows()).slice(before);
    expect(entries).toMatchObject([
      { action: "token.exchange", actor_kind: "workload", actor_id: expect.stringMatching(/^jwt:/), actor_name: SUBJECT },
    ]);
    expect(JSON.parse(entries[0]?.detail ?? "{}")).toMatchObject({ issuer: issuer.id });
    expect(JSON.stringify(entries)).not.toMatch(/xaat-|eyJ/);
    const stored = JSON.stringify((await env.DB.prepare("SELECT * FROM tokens").all()).results);
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(jwt.split(".")[2]);
  });

  it("makes tokens that are in no list and in no one's way, but can be deleted", async () => {
    const { access_token: secret } = succeeded(await exchange(await token()));
    expect((await call<Answer[]>("GET", "/v2/tokens", made.owner)).body).toEqual([]);
    const target = (await auditRows()).at(-1)?.target;
    later();
    expect((await call("DELETE", `/v2/tokens/${target}`, made.owner)).status).toBe(204);
    expect(await ingest(secret)).toEqual([401, "token-revoked"]);
  });

  it("is refused as invalid_request for whatever is wrong with the JWT", async () => {
    const stranger = await provider();
    const before = await count("audit");
    for (const bad of [
      "a.b.c",
      "xaat-1",
      stranger.token(audienceOf(made)),
      idp.token("urn:headgate:others"),
      token({ exp: seconds() - 1 }),
      token({ iat: seconds() + 60 }),
      token({ sub: "somebody" }),
      token({}, { typ: "JWT" }),
      token({}, { alg: "none" }),
      token({}, { jwk: idp.signer.jwk }),
      stranger.token(audienceOf(made), { iss: idp.issuer }, { kid: idp.signer.jwk.kid }),
    ])
      expect(await refused(bad)).toEqual([400, "invalid_request"]);
    expect([await count("audit"), await count("tokens")]).toEqual([before, 0]);
  });

  it.each<[string, Record<string, string>, string]>([
    ["another grant", { grant_type: "client_credentials" }, "unsupported_grant_type"],
    ["an ID token's type", { subject_token_type: "urn:ietf:params:oauth:token-type:id_token" }, "invalid_request"],
    ["no type", { subject_token_type: "" }, "invalid_request"],
    ["a refresh token wanted", { requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }, "invalid_request"],
    ["an actor", { actor_token: "x", actor_token_type: JWT }, "invalid_request"],
    ["a scope", { scope: "query:read" }, "invalid_scope"],
    ["an audience", { audience: "https://elsewhere.example" }, "invalid_target"],
    ["a resource", { resource: "https://elsewhere.example" }, "invalid_target"],
  ])("is refused with %s", async (_, more, error) => {
    expect(await refused(token(), more)).toEqual([400, error]);
  });

  it("is refused with a parameter sent twice, none, another content type, or too much", async () => {
    const good = new URLSearchParams({ grant_type: GRANT, subject_token: await token(), subject_token_type: JWT }).toString();
    expect((await send<Refused>(`${good}&grant_type=${encodeURIComponent(GRANT)}`)).body.error).toBe("invalid_request");
    expect((await send<Refused>("")).body.error).toBe("unsupported_grant_type");
    expect((await send<Refused>(good, { "content-type": "application/json" })).body.error).toBe("invalid_request");
    expect((await send<Refused>(`${good}&x=${"y".repeat(300_000)}`)).body.error).toBe("invalid_request");
    expect((await send<Refused>({ grant_type: GRANT, subject_token_type: JWT })).body.error).toBe("invalid_request");
    expect((await send(good)).status).toBe(200);
  });

  it("is 503 and not 400 while the issuer's keys cannot be had", async () => {
    await takeAway(idp.jwksUri);
    const reply = await exchange<Refused>(await token({}, { kid: "rotated" }));
    expect([reply.status, reply.body.error, reply.headers.get("retry-after")]).toEqual([503, "temporarily_unavailable", "1"]);
  });

  it("is 503 and not 400 while the database is down", async () => {
    const DB = {
      prepare: () => {
        throw new Error("D1_ERROR: down");
      },
    } as unknown as D1Database;
    const body = new URLSearchParams({ grant_type: GRANT, subject_token: await token(), subject_token_type: JWT }).toString();
    expect((await call("POST", "/v2/oauth/token", null, body, { headers: FORM, instead: { DB } })).status).toBe(503);
  });

  it("is 429 for an issuer whose workloads hold a thousand tokens", async () => {
    await exchange(await token());
    await env.DB.prepare(
      `INSERT INTO tokens (id, org, kind, digest, name, description, capabilities, expires_at, expires_text, status, created_at, created_by, ver, change_id, parent)
      SELECT id || n, org, kind, digest || n, name, '', capabilities, expires_at, expires_text, status, created_at, created_by || n, ver, '', parent FROM tokens,
        (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 999) SELECT n FROM c)`,
    ).run();
    expect(await refused(token())).toEqual([429, "temporarily_unavailable"]);
  });

  it("is 429 for a workload that holds twenty tokens, until the first ends, and no other's concern", async () => {
    await call("PUT", `/v2/auth/issuers/${issuer.id}`, made.session, {
      claims: may({ web: ["ingest:create"] }, [{ claim: "iss", equals: idp.issuer }]),
    });
    for (let held = 0; held < 20; held++) succeeded(await exchange(await token({ exp: seconds() + 300 })));
    const reply = await exchange<Refused>(await token());
    expect([reply.status, reply.body.error]).toEqual([429, "temporarily_unavailable"]);
    const wait = Number(reply.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(200);
    expect(wait).toBeLessThanOrEqual(300);
    succeeded(await exchange(await token({ sub: "another" })));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 301_000 });
    succeeded(await exchange(await token()));
  });

  it("is not had beyond twenty by a workload that asks for all at the same moment", async () => {
    const jwt = await token();
    const replies = await Promise.all(Array.from({ length: 25 }, () => exchange(jwt)));
    expect(replies.filter(({ status }) => status === 200).length).toBe(20);
    expect(replies.every(({ status }) => [200, 429, 503].includes(status))).toBe(true);
  });

  it("ends with its issuer: a disabled or deleted one takes its workloads' tokens along", async () => {
    const first = succeeded(await exchange(await token())).access_token;
    later();
    succeeded(await call("PUT", `/v2/auth/issuers/${issuer.id}`, made.session, { status: "disabled" }));
    expect(await ingest(first)).toEqual([401, "token-revoked"]);
    expect(await refused(token())).toEqual([400, "invalid_request"]);

    succeeded(await call("PUT", `/v2/auth/issuers/${issuer.id}`, made.session, { status: "active" }));
    const second = succeeded(await exchange(await token())).access_token;
    later();
    expect((await call("DELETE", `/v2/auth/issuers/${issuer.id}`, made.owner)).status).toBe(204);
    expect(await ingest(second)).toEqual([401, "token-revoked"]);
    expect(await refused(token())).toEqual([400, "invalid_request"]);
  });

  it("is refused for an organisation that is suspended", async () => {
    await env.DB.prepare("UPDATE orgs SET status = 'suspended'").run();
    expect(await refused(token())).toEqual([400, "invalid_request"]);
  });

  it("is forgotten a day after its token's end", async () => {
    await exchange(await token());
    const run = async () => worker.scheduled(createScheduledController({ scheduledTime: Date.now(), cron: "" }), env);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 });
    await run();
    expect(await count("tokens")).toBe(1);
    vi.setSystemTime(Date.now() + 3_700_000);
    await run();
    expect(await count("tokens")).toBe(0);
  });
});
