/** What one isolate does with its documents where the outcome depends on what else it has been through. */
import { describe, expect, it, vi } from "vitest";
import { type PermissionSet, permissionKey, permissionSet } from "../../../src/access/permission-set.ts";
import { LEAST_VERSIONS_MAX, LOOKUPS_PER_SECOND_MAX, UNKNOWN_PER_ADDRESS_MAX } from "../../../src/access/staleness.ts";
import { openDocuments } from "../../../src/edge/documents/documents.ts";
import type { EdgeEnv } from "../../../src/edge/env.ts";

const set = (fields: Partial<PermissionSet> = {}) =>
  permissionSet({ id: "t", org: "o", status: "active", expiresAt: null, datasets: {}, ver: 1, ...fields });

/** An isolate before a KV and an authority that answer as they are told. */
function isolate(answers: { kv?: (digest: string) => unknown; authority?: (digest: string) => unknown; changed?: unknown[] }) {
  const reads: string[] = [];
  const env = {
    PERMISSIONS: {
      async get(key: string) {
        reads.push(key);
        return answers.kv?.(key.slice(2)) ?? null;
      },
    },
    AUTHORITY: {
      lookUpToken: async (digest: string) => answers.authority?.(digest) ?? null,
      lookUpOrganisation: async () => null,
      changesSince: async () => ({ seq: 1, changed: answers.changed ?? [], reset: false }),
    },
  } as unknown as EdgeEnv;
  const documents = openDocuments();
  const visit = (now: number, ip: string | null) => ({ now, ip, waitUntil: () => {}, purpose: "ingest" as const });
  return {
    reads,
    look: async (digest: string, now = 0, ip: string | null = null) =>
      (await documents.permissionSet(digest, visit(now, ip), env)).document?.status,
    document: async (digest: string, now: number) => (await documents.permissionSet(digest, visit(now, null), env)).document,
    isDegraded: async (digest: string, now: number) => (await documents.permissionSet(digest, visit(now, null), env)).degraded,
    organisation: (id: string, now: number) => documents.organisation(id, visit(now, null), env),
  };
}

describe("an isolate that meets more revoked tokens than it can keep apart", () => {
  it("forgets everything once, and goes on from there", async () => {
    const { look, reads } = isolate({ kv: (digest) => (digest.startsWith("gone") ? set({ status: "revoked", ver: 2 }) : set()) });
    const readsOfOther = () => reads.filter((key) => key === permissionKey("other")).length;
    await look("other");
    for (let i = 0; i < LEAST_VERSIONS_MAX; i++) {
      await look(`gone-${i}`);
      if (i % 1_000 === 0) await look("other"); // stays among those in use
    }
    await look("other");
    expect(readsOfOther()).toBe(1);
    await look("gone-too-many");
    await look("other");
    expect(readsOfOther()).toBe(2);
    await look("gone-again");
    await look("other");
    expect(readsOfOther()).toBe(2);
  });
});

describe("an isolate that hears of more changes than it can keep apart", () => {
  it("forgets everything", async () => {
    const changed: unknown[] = [];
    const { look, reads } = isolate({ kv: () => set(), changed });
    await look("other");
    changed.push(...Array.from({ length: LEAST_VERSIONS_MAX + 1 }, (_, i) => ({ key: `k${i}`, ver: 2, revoked: false })));
    await look("asks", 20_000);
    await look("other", 20_000);
    expect(reads.filter((key) => key === permissionKey("other"))).toHaveLength(2);
  });
});

describe("a token that the feed says is revoked", () => {
  it("is still known by its id, which its uses are counted under", async () => {
    const changed: unknown[] = [];
    const { look, document } = isolate({ kv: () => set(), changed });
    await look("known");
    changed.push({ key: permissionKey("known"), ver: 2, revoked: true });
    await look("asks", 20_000);
    expect(await document("known", 20_000)).toMatchObject({ id: "t", status: "revoked" });
  });
});

describe("an address that has sent too many tokens that do not exist", () => {
  it("is still answered about one that KV knows, though only in an older version", async () => {
    const { look } = isolate({
      kv: (digest) => (digest === "real" ? set() : null),
      authority: (digest) => (digest === "real" ? set({ ver: 2 }) : null),
      changed: [{ key: permissionKey("real"), ver: 2, revoked: false }],
    });
    for (let i = 0; i < UNKNOWN_PER_ADDRESS_MAX; i++) expect(await look(`guess-${i}`, i * 200, "192.0.2.1")).toBeUndefined();
    await expect(look("guess-again", 5_000, "192.0.2.1")).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(await look("real", 5_000, "192.0.2.1")).toBe("active");
  });
});

describe("questions about tokens", () => {
  it("leave none over for organisations in the same second", async () => {
    const { look, organisation } = isolate({});
    for (let i = 0; i < LOOKUPS_PER_SECOND_MAX; i++) await look(`unknown-${i}`, 0, `192.0.2.${i}`);
    await expect(organisation("o", 0)).rejects.toMatchObject({ reason: "store-unavailable" });
    expect((await organisation("o", 1_000)).document).toBeNull();
  });
});

describe("what has to be proven anew, and can be", () => {
  it("is not taken for an outage by those who come meanwhile", async () => {
    const { look, isDegraded } = isolate({ authority: () => set() });
    await look("known");
    expect(await Promise.all([1, 2, 3].map(() => isDegraded("known", 400_000)))).toEqual([false, false, false]);
  });
});

describe("what is served though nobody can prove it", () => {
  it("is tried anew by one request for those who come while it waits", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    let asked: number | null = null;
    const failing = () => {
      if (asked === null) return set();
      asked++;
      if (asked === 1) throw new Error("away");
      return new Promise(() => {});
    };
    const { look, isDegraded } = isolate({ authority: failing });
    await look("proven");
    asked = 0;
    expect(await isDegraded("proven", 400_000)).toBe(true);
    const first = isDegraded("proven", 403_000);
    await vi.waitFor(() => expect(asked).toBe(2));
    expect(await isDegraded("proven", 403_100)).toBe(true);
    expect([await first, asked]).toEqual([true, 2]);
    vi.restoreAllMocks();
  });

  it("is told in one line a second, which says for how many it stands", async () => {
    const lines = vi.spyOn(console, "warn").mockImplementation(() => {});
    let away = false;
    const failing = (): PermissionSet => {
      if (away) throw new Error("away");
      return set();
    };
    const { look } = isolate({ kv: failing, authority: failing });
    await look("proven", 0);
    away = true;
    for (const now of [400_000, 400_100, 400_999, 401_001, 401_500]) expect(await look("proven", now)).toBe("active");
    const told = lines.mock.calls.flatMap(([line]) => (String(line).includes("auth-degraded") ? [JSON.parse(String(line)).served] : []));
    expect(told).toEqual([1, 3]);
  });
});
