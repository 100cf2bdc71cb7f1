/** JWTs at the edge Worker itself: documents from KV and the authority, beside API tokens. */
import { beforeEach, describe, expect, it } from "vitest";
import { permissionSet } from "../../../src/access/permission-set.ts";
import { mintToken } from "../../../src/access/token.ts";
import { issuerDigest, issuerKey, type TrustedIssuer } from "../../../src/access/trusted-issuer.ts";
import { authenticate } from "../../../src/edge/authenticate.ts";
import { openDocuments } from "../../../src/edge/documents/documents.ts";
import { type Authority, type EdgeEnv, settingsOf } from "../../../src/edge/env.ts";
import type { Visit } from "../../../src/edge/visit.ts";
import { Problem } from "../../../src/problem.ts";
import { claimsOf, signer, trusting } from "../../access/workload/issuer.ts";
import { env, HERE, type Organisation, organisation, post } from "../gateway.ts";

const KEY = await signer();
const quiet = { changesSince: async () => ({ seq: 0, changed: [], reset: false }) };

let org: Organisation;
let issuer: string;

beforeEach(async () => {
  org = await organisation({ web: HERE, other: HERE });
  issuer = `https://${crypto.randomUUID()}.example`;
});

const audience = () => `urn:headgate:${org.id}`;

function document(more: Partial<TrustedIssuer> = {}): TrustedIssuer {
  const grants = { datasets: { [org.datasets["web"]?.id ?? ""]: ["ingest:create"] } };
  const claims = [{ when: [{ claim: "client_id", equals: "deployer" }], grants }];
  return trusting([KEY], { org: org.id, issuer, audience: audience(), keysAt: Date.now(), claims, ...more });
}

const publish = (trusted: TrustedIssuer) =>
  env.PERMISSIONS.put(issuerKey(issuerDigest(trusted.issuer, trusted.audience)), JSON.stringify(trusted));

function token(claims: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return KEY.token({ ...claimsOf(), iss: issuer, aud: audience(), iat: now, exp: now + 600, ...claims });
}

function visit(more: Partial<Visit> = {}): Visit {
  return { now: Date.now(), ip: null, waitUntil: () => {}, purpose: "ingest", ...more };
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Problem ? error.reason : String(error);
  }
}

const bindings = (authority: Partial<Authority>): EdgeEnv => ({ ...env, AUTHORITY: { ...quiet, ...authority } as Authority });
const nobody: Partial<Authority> = { lookUpIssuer: async () => null, lookUpToken: async () => null };
const down: Partial<Authority> = { lookUpIssuer: () => Promise.reject(new Error("D1 is down")) };

describe("a JWT at the edge", () => {
  it("is taken with a document that KV has, and stores what it sends", async () => {
    await publish(document());
    const response = await post("/v1/ingest/web", '[{"a":1}]', { token: await token() });
    expect([response.status, await response.json()]).toMatchObject([200, { ingested: 1 }]);
    expect((await post("/v1/ingest/other", '[{"a":1}]', { token: await token() })).status).toBe(403);
  });

  it("is taken with a document that only the authority has yet", async () => {
    const lookUpIssuer = async (digest: string) => (digest === issuerDigest(issuer, audience()) ? document() : null);
    const caller = await authenticate(await token(), visit(), bindings({ lookUpIssuer }), openDocuments());
    expect(caller.set).toMatchObject({ org: org.id, datasets: document().claims[0]?.grants.datasets });
    expect(caller.organisation.id).toBe(org.id);
  });

  it("is 503 and not 401 when neither KV nor the authority can tell", async () => {
    expect(await reasonOf(authenticate(await token(), visit(), bindings(down), openDocuments()))).toBe("store-unavailable");
  });

  it("goes on with what was proven while the stores are down", async () => {
    const documents = openDocuments();
    await publish(document({ maxTokenAgeS: 86_400 }));
    const long = await token({ exp: Math.floor(Date.now() / 1_000) + 80_000 });
    await authenticate(long, visit(), bindings(nobody), documents);
    const KV = { get: () => Promise.reject(new Error("KV is down")) } as unknown as KVNamespace;
    const without = { ...bindings({ ...down, lookUpOrganisation: () => Promise.reject(new Error("D1 is down")) }), PERMISSIONS: KV };
    const later = visit({ now: Date.now() + 3_600_000 });
    expect((await authenticate(long, later, without, documents)).degraded).toBe(true);
  });

  it("ends by its own time, whatever memory holds", async () => {
    const documents = openDocuments();
    await publish(document());
    const jwt = await token({ exp: Math.floor(Date.now() / 1_000) + 60 });
    const at = (ms: number) => reasonOf(authenticate(jwt, visit({ now: Date.now() + ms }), bindings(nobody), documents));
    expect([await at(0), await at(61_000)]).toEqual(["none", "token-expired"]);
  });

  it("of a suspended organisation is refused", async () => {
    org = await organisation({ web: HERE }, "suspended");
    await publish(document());
    expect(await reasonOf(authenticate(await token(), visit(), bindings(nobody), openDocuments()))).toBe("organisation-suspended");
  });

  it("in a flood of unknown issuers takes nothing from new API tokens", async () => {
    const documents = openDocuments();
    const now = Date.now();
    const lookUpToken = async () => permissionSet({ id: "t", org: org.id, status: "active", expiresAt: null, datasets: {}, ver: 1 });
    const authority = bindings({ ...nobody, lookUpToken });
    const flood = Array.from({ length: 40 }, async (_, i) =>
      reasonOf(authenticate(await token({ iss: `https://${i}.example` }), visit({ now }), authority, documents)),
    );
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["token-unknown", "store-unavailable"]));
    const fresh = mintToken("api", settingsOf(env).tagKeys);
    expect(await reasonOf(authenticate(fresh, visit({ now }), authority, documents))).toBe("none");
  });
});
