/** Who comes in, and why not: with documents, and the account that a request is booked on, as arguments. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type OrganisationMap, organisationMap, type PermissionSet, permissionSet } from "../../src/access/permission-set.ts";
import { digestOf, mintToken, readTagKeys } from "../../src/access/token.ts";
import { authenticate, callerOf } from "../../src/edge/authenticate.ts";
import type { Documents } from "../../src/edge/documents/documents.ts";
import { openDocuments } from "../../src/edge/documents/documents.ts";
import { type Entry, enter } from "../../src/edge/enter.ts";
import type { EdgeEnv } from "../../src/edge/env.ts";
import { reportDue } from "../../src/edge/limits/usage.ts";
import { Problem } from "../../src/problem.ts";

const NOW = 1_000_000_000;
const TAG_KEYS = "1:AAECAwQFBgcICQoLDA0ODw";
const env = { REGION: "cloud.us-east-1.aws", TOKEN_TAG_KEYS: TAG_KEYS, BUFFER_SHARDS: 1 } as EdgeEnv;
const visit = { now: NOW, ip: "203.0.113.7", waitUntil: () => {}, purpose: "ingest" as const };
const mint = (kind: Parameters<typeof mintToken>[0]) => mintToken(kind, readTagKeys(TAG_KEYS));

let looked: string[];
let set: PermissionSet | null;
let organisation: OrganisationMap | null;
let degraded: [set: boolean, organisation: boolean];

const documents = {
  async permissionSet(digest: string) {
    looked.push(`token ${digest}`);
    return { document: set, degraded: degraded[0] };
  },
  async organisation(id: string) {
    looked.push(`organisation ${id}`);
    return { document: organisation, degraded: degraded[1] };
  },
  async issuer() {
    looked.push("issuer");
    return { document: null, degraded: false };
  },
  remembers: () => false,
} as Partial<Documents> as Documents;

const setOf = (more: Partial<PermissionSet> = {}) =>
  permissionSet({ id: "t", org: "acme", status: "active", expiresAt: null, datasets: {}, ver: 1, ...more });
const organisationOf = (status: OrganisationMap["status"]) => organisationMap({ id: "acme", status, datasets: {}, regions: {}, ver: 1 });

beforeEach(() => {
  looked = [];
  set = setOf();
  organisation = organisationOf("active");
  degraded = [false, false];
});

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Problem ? `${error.reason}: ${error.message}` : String(error);
  }
}

describe("an API token at the edge", () => {
  it("is looked up by its digest, and then its organisation", async () => {
    const token = mint("api");
    expect(await authenticate(token, visit, env, documents)).toEqual({ set, organisation, degraded: false, documents });
    expect(looked).toEqual([`token ${digestOf(token)}`, "organisation acme"]);
  });

  it.each<[boolean, boolean]>([
    [true, false],
    [false, true],
    [true, true],
  ])("counts in part on what was proven before when either document does: %s, %s", async (...both) => {
    degraded = both;
    expect((await authenticate(mint("api"), visit, env, documents)).degraded).toBe(true);
  });

  it.each<[string, PermissionSet | null, string]>([
    ["unknown", null, "token-unknown: the token is unknown or was deleted"],
    ["revoked", setOf({ status: "revoked" }), "token-revoked: the token was revoked"],
    ["disabled", setOf({ status: "disabled" }), "token-disabled: the token is disabled"],
    ["not yet valid", setOf({ notBefore: NOW + 1 }), "token-not-yet-valid: the token is not valid yet"],
    ["expired", setOf({ expiresAt: NOW }), "token-expired: the token has expired"],
  ])("that is %s is told so, and its organisation is not looked up", async (_, document, text) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    set = document;
    const refusal = await refusalOf(authenticate(mint("api"), visit, env, documents));
    expect(refusal.slice(0, text.length)).toBe(text);
    expect(looked.length).toBe(1);
    vi.restoreAllMocks();
  });

  it("that is refused by its standing is counted for its owner, and one that is unknown is nobody's", async () => {
    const told: unknown[] = [];
    const AUTHORITY = { reportUse: async (uses: unknown[]) => void told.push(...uses) } as EdgeEnv["AUTHORITY"];
    const report = () => reportDue({ ...env, AUTHORITY }, NOW);
    await report();
    told.length = 0;
    set = setOf({ id: "counted", status: "disabled" });
    await refusalOf(authenticate(mint("api"), visit, env, documents));
    const due = report();
    expect(due).not.toBeNull();
    await due;
    expect(told).toMatchObject([{ tokenId: "counted", org: "acme", requests: 1, refused: 1, lastUsedAt: null }]);
    set = null;
    await refusalOf(authenticate(mint("api"), visit, env, documents));
    expect(report()).toBeNull();
  });

  it.each<[OrganisationMap | null, string]>([
    [null, "token-unknown: the token's organisation is gone"],
    [organisationOf("suspended"), "organisation-suspended: the organisation acme is suspended; ask the operator"],
    [organisationOf("deleted"), "organisation-suspended: the organisation acme is deleted; ask the operator"],
  ])("of the organisation %j does nothing", async (document, text) => {
    organisation = document;
    expect(await refusalOf(authenticate(mint("api"), visit, env, documents))).toBe(text);
  });
});

describe("any other credential", () => {
  it.each<[string, string]>([
    [mint("personal"), "token-kind: personal tokens are for the management API"],
    [mint("session"), "token-kind: session tokens are for the management API"],
    [`${mint("api")}x`, "credential-malformed: the token is not one of this deployment"],
    ["abc", "credential-malformed: the token is not one of this deployment"],
    ["a.b.c", "credential-malformed: the token is no JWT that is taken here"],
  ])("is refused before anything is looked up: %#", async (token, text) => {
    const refusal = await refusalOf(authenticate(token, visit, env, documents));
    expect(refusal.slice(0, text.length)).toBe(text);
    expect(looked).toEqual([]);
  });

  it("may be a legacy ingest token", async () => {
    expect((await authenticate(mint("ingest"), visit, env, documents)).set).toBe(set);
  });
});

describe("the door", () => {
  const admitted: unknown[] = [];
  const entry = (proven: Entry["proven"]): Entry => ({
    ...visit,
    account: {
      admit: async (...asked: unknown[]) => {
        admitted.push(asked);
        if (asked[2] === 13) throw new Problem("rate-limited", "too much");
      },
    } as unknown as Entry["account"],
    proven,
    degraded: true,
  });
  const proven = { set: setOf({ id: "proven" }), organisation: organisationOf("active") };

  beforeEach(() => {
    admitted.length = 0;
  });

  it("lets in whom management has proven, without a look at the credential, on that token's account", async () => {
    const coming = entry(proven);
    const caller = await enter(() => expect.unreachable(), 7, coming, env);
    expect(caller).toMatchObject(proven);
    expect(caller).toMatchObject({ degraded: false, documents: { renewed: expect.any(Function) } });
    expect(coming.degraded).toBe(false);
    expect(admitted).toEqual([[proven.set, "203.0.113.7", 7]]);
  });

  it("reads the credential of everybody else", async () => {
    expect(await refusalOf(enter(() => "abc", null, entry(null), env))).toMatch(/^credential-malformed/);
    expect(admitted).toEqual([]);
  });

  it("stays shut when the account says so", async () => {
    expect(await refusalOf(enter(() => "", 13, entry(proven), env))).toBe("rate-limited: too much");
  });

  it("gives callers that are proven elsewhere the isolate's own documents", () => {
    expect(Object.keys(callerOf(proven).documents)).toEqual(Object.keys(openDocuments()));
  });
});
