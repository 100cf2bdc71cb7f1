/** What one isolate remembers when there is more than it can. */
import { describe, expect, it, vi } from "vitest";
import { organisationMap, type PermissionSet, permissionSet } from "../../../src/access/permission-set.ts";
import { DOCUMENTS_MAX, LEAST_VERSION_KEPT_MS, LEAST_VERSIONS_MAX, UNKNOWN_MAX } from "../../../src/access/staleness.ts";
import { openDocuments } from "../../../src/edge/documents/documents.ts";
import { openLeastVersions } from "../../../src/edge/documents/least-versions.ts";
import { openMemory } from "../../../src/edge/documents/memory.ts";
import type { EdgeEnv } from "../../../src/edge/env.ts";

const set = (fields: Partial<PermissionSet> = {}) =>
  permissionSet({ id: "t", org: "o", status: "active", expiresAt: null, datasets: {}, ver: 1, ...fields });

describe("memory", () => {
  it("61 forgets the least recently used document first, and unknown keys apart from documents", () => {
    const memory = openMemory();
    memory.hold("used", set(), 0);
    memory.hold("unused", set(), 0);
    memory.hold("nothing", null, 0);
    for (let i = 0; i < DOCUMENTS_MAX - 1; i++) {
      memory.get("used");
      memory.hold(`d${i}`, set(), 0);
    }
    expect([memory.get("used")?.document, memory.get("unused"), memory.get("nothing")?.document]).toEqual([set(), undefined, null]);
    for (let i = 0; i < UNKNOWN_MAX; i++) memory.hold(`u${i}`, null, 0);
    expect([memory.get("used")?.document, memory.get("nothing")]).toEqual([set(), undefined]);
  });

  it("holds one thing under a key, whether there is something or not", () => {
    const memory = openMemory();
    memory.hold("k", null, 0);
    memory.hold("k", organisationMap({ id: "o", status: "active", datasets: {}, regions: {}, ver: 3 }), 1);
    expect(memory.get("k")).toMatchObject({ document: { ver: 3 }, at: 1 });
    memory.outdate("k", 3);
    expect(memory.get("k")).toBeDefined();
    memory.outdate("k", 4);
    expect(memory.get("k")).toBeUndefined();
    memory.hold("k", null, 2);
    memory.outdate("k", 1);
    expect(memory.get("k")).toBeUndefined();
  });
});

describe("the least versions", () => {
  it("only ever rise, and a revocation stays", () => {
    const least = openLeastVersions();
    least.raise({ key: "k", ver: 3, revoked: true }, 0);
    least.raise({ key: "k", ver: 2, revoked: false }, 1);
    expect([least.isOutdated("k", 2), least.isOutdated("k", 3), least.revokedAt("k"), least.revokedAt("other")]).toEqual([
      true,
      false,
      3,
      null,
    ]);
    least.raise({ key: "k", ver: 4, revoked: false }, 2);
    expect(least.revokedAt("k")).toBe(4);
  });

  it("61 say so when one that still matters has to go, which is ten minutes after it was heard of", () => {
    const least = openLeastVersions();
    for (let i = 0; i < LEAST_VERSIONS_MAX; i++)
      expect(least.raise({ key: `k${i}`, ver: 2, revoked: false }, i < 10 ? 0 : 1_000)).toBe(true);
    expect(least.raise({ key: "late", ver: 2, revoked: false }, LEAST_VERSION_KEPT_MS)).toBe(false);
    expect(least.raise({ key: "later", ver: 2, revoked: false }, LEAST_VERSION_KEPT_MS + 1)).toBe(true);
  });
});

describe("a token that was refused as revoked", () => {
  it("23 is never accepted again by that isolate, though its document was forgotten, KV says otherwise and the feed nothing", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const answers = new Map<string, PermissionSet>([["gone", set({ status: "revoked", ver: 2 })]]);
    const PERMISSIONS = { get: async (key: string) => answers.get(key.slice(2)) ?? set() } as unknown as KVNamespace;
    const env = { PERMISSIONS, AUTHORITY: {} } as EdgeEnv;
    const documents = openDocuments();
    const look = async (digest: string) =>
      (await documents.permissionSet(digest, { now: 0, ip: null, waitUntil: () => {}, purpose: "ingest" }, env)).document?.status;
    expect(await look("gone")).toBe("revoked");
    answers.clear();
    for (let i = 0; i < DOCUMENTS_MAX; i++) await look(`other-${i}`);
    expect(await look("other")).toBe("active");
    expect(await look("gone")).toBe("revoked");
    vi.restoreAllMocks();
  });
});
