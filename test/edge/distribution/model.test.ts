/**
 * Random histories against a model that knows the truth: nothing is accepted that has not counted for longer than bound A, and
 * nothing refused, other than with 503, that has counted for longer than bound R.
 */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type OrganisationMap, organisationKey, type PermissionSet, standing } from "../../../src/access/permission-set.ts";
import { type Deployment, type Isolate, openDeployment } from "./deployment.ts";

const WITH_FEED_MS = 12_000;
const NO_FEED_MS = 70_000;
const OUTAGE_MS = { ingest: 4 * 3_600_000, other: 300_000 };
/** Requests come one after another: the budgets are other tests' matter. */
const BETWEEN_MS = 300;

interface Fault {
  do: "kv read" | "kv write" | "database" | "feed" | "all";
  fails: boolean;
}

type Operation =
  | { do: "use"; isolate: number; token: number; dataset: number; purpose: "ingest" | "other" }
  | { do: "create"; dataset: number }
  | { do: "revoke" | "disable" | "enable" | "regenerate"; token: number }
  | { do: "suspend" | "resume" }
  | { do: "make" | "delete"; dataset: number }
  | { do: "lag"; ms: number }
  | Fault
  | { do: "restart"; isolate: number }
  | { do: "pass"; ms: number };

const DATASETS = ["logs", "web", "*"];
const small = fc.nat({ max: 2 });
const one = <T extends Operation>(weight: number, record: { [K in keyof T]: fc.Arbitrary<T[K]> }) => ({
  weight,
  arbitrary: fc.record(record as never) as unknown as fc.Arbitrary<Operation>,
});
const is = <T>(value: T) => fc.constant(value);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  one(12, {
    do: is("use"),
    isolate: small,
    token: fc.nat({ max: 5 }),
    dataset: fc.nat({ max: 1 }),
    purpose: fc.constantFrom("ingest", "ingest", "other"),
  }),
  one(2, { do: is("create"), dataset: small }),
  one(3, { do: fc.constantFrom("revoke", "disable", "enable", "regenerate"), token: fc.nat({ max: 5 }) }),
  one(1, { do: fc.constantFrom("suspend", "resume", "resume") }),
  one(1, { do: fc.constantFrom("make", "delete"), dataset: fc.nat({ max: 1 }) }),
  one(1, { do: is("lag"), ms: fc.constantFrom(0, 15_000, 30_000) }),
  one(3, { do: fc.constantFrom("kv read", "kv write", "database", "feed", "all"), fails: fc.boolean() }),
  one(1, { do: is("restart"), isolate: small }),
  one(5, { do: is("pass"), ms: fc.constantFrom(500, 2_000, 6_000, 11_000, 40_000, 90_000, 400_000) }),
);

/**
 * What counted when: a token, its organisation, the dataset for it. Apart, because of two changes an edge may know the one and not yet
 * the other. The first moment is the first in the list.
 */
interface Truth {
  at: number;
  counts: boolean;
  /** The document whose version made it so. */
  key: string;
  ver: number;
}

class World {
  readonly tokens: string[] = [];
  readonly isolates: Isolate[];
  /** By token and dataset. */
  readonly truths = new Map<string, Truth[]>();
  /** When KV, as the furthest location reads it, had a version of a document at last. */
  readonly landed = new Map<string, number>();
  /** Since when each of them has worked; infinite while it does not. */
  readonly since = { feed: 0, "kv read": 0, "kv write": 0, database: 0 };
  readonly d: Deployment;
  readonly seen: { accepted: number; refused: number; unavailable: number; degraded: number };

  constructor(d: Deployment, seen: World["seen"]) {
    this.d = d;
    this.seen = seen;
    this.isolates = [d.isolate("a"), d.isolate("b"), d.isolate("b")];
  }

  /** Writes down what counts now, and what KV has. */
  note(): void {
    const { d } = this;
    const map = d.document(organisationKey(d.org)) as OrganisationMap;
    this.noteOne("org", map.status === "active", organisationKey(d.org), map.ver);
    for (const [index, secret] of this.tokens.entries()) {
      const key = d.kvKeyOf(secret);
      const set = d.document(key) as PermissionSet;
      for (const dataset of ["logs", "web"]) {
        const id = map.datasets[dataset]?.id;
        const mayUse = id !== undefined && (set.datasets[id] !== undefined || set.datasets["*"] !== undefined);
        this.noteOne(`${index} ${dataset}`, mayUse, organisationKey(d.org), map.ver);
      }
      this.noteOne(`${index}`, standing(set, d.clock.now) === "live", key, set.ver);
    }
    for (const key of [...this.tokens.map((secret) => d.kvKeyOf(secret)), organisationKey(d.org)]) {
      const text = d.kv.stored(key);
      if (!text) continue;
      const { ver } = JSON.parse(text) as { ver: number };
      for (let version = ver; version > 0 && !this.landed.has(`${key} ${version}`); version--)
        this.landed.set(`${key} ${version}`, d.clock.now);
    }
  }

  private noteOne(name: string, counts: boolean, key: string, ver: number): void {
    const truths = this.truths.get(name) ?? [];
    this.truths.set(name, truths);
    if (truths.at(-1)?.counts !== counts) truths.push({ at: this.d.clock.now, counts, key, ver });
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.d.clock.now + ms; this.d.clock.now < end; this.note()) await this.d.pass(Math.min(500, end - this.d.clock.now));
  }

  async use({ isolate, token, dataset, purpose }: Operation & { do: "use" }): Promise<void> {
    const { d } = this;
    const index = token % Math.max(1, this.tokens.length);
    const name = DATASETS[dataset] as string;
    await this.pass(BETWEEN_MS);
    const verdict = await (this.isolates[isolate] as Isolate).use(this.tokens[index] as string, name, { purpose });
    const all = [`${index}`, `${index} ${name}`, "org"].map((what) => this.truths.get(what) as Truth[]);
    const { now } = d.clock;
    const feedHeard = now - Math.max(this.since.feed, this.since.database) >= WITH_FEED_MS;
    const allWell = Object.values(this.since).every((since) => now - since >= NO_FEED_MS);
    const told = JSON.stringify({ verdict, all, now, since: this.since });
    const ended = all.map((truths) => truths.at(-1) as Truth);

    if (verdict.degraded) {
      this.seen.degraded++;
      expect(allWell, `degraded although all is well: ${told}`).toBe(false);
    }
    if (verdict.reason === "accepted") {
      this.seen.accepted++;
      for (const last of ended.filter(({ counts }) => !counts)) {
        // without the feed the bound begins when KV has it; what KV never had cannot be known
        const bound = feedHeard ? WITH_FEED_MS : verdict.degraded ? OUTAGE_MS[purpose] + NO_FEED_MS : Number.POSITIVE_INFINITY;
        expect(now - last.at, `accepted too late: ${told}`).toBeLessThanOrEqual(bound);
        const inKv = this.landed.get(`${last.key} ${last.ver}`);
        if (!verdict.degraded && inKv !== undefined)
          expect(now - inKv, `accepted though KV says otherwise: ${told}`).toBeLessThanOrEqual(NO_FEED_MS);
      }
    } else if (verdict.reason === "store-unavailable") {
      this.seen.unavailable++;
      expect(allWell, `503 although all is well: ${told}`).toBe(false);
    } else {
      this.seen.refused++;
      const bound = feedHeard ? WITH_FEED_MS : OUTAGE_MS.ingest + NO_FEED_MS;
      const long = ended.every(({ counts, at }) => counts && now - at > bound);
      expect(long, `refused too long: ${told}`).toBe(false);
      // what has always counted is never refused at all
      const always = all.every((truths) => truths.length === 1 && truths[0]?.counts);
      expect(always, `refused though it always counted: ${told}`).toBe(false);
    }
  }

  async run(operation: Operation): Promise<void> {
    const { d } = this;
    const secret = "token" in operation ? this.tokens[operation.token % Math.max(1, this.tokens.length)] : undefined;
    if (operation.do === "use") await this.use(operation);
    else if (operation.do === "pass") await this.pass(operation.ms);
    else if (operation.do === "restart") this.isolates[operation.isolate] = d.isolate(operation.isolate === 0 ? "a" : "b");
    else if (operation.do === "lag") for (const location of ["a", "b"]) d.kv.lag(location, operation.ms);
    else if ("fails" in operation) this.fault(operation);
    else {
      // management says so itself when it cannot
      await this.change(operation, secret).catch(() => expect(d.faults.down).toBe(true));
      this.note();
    }
  }

  private fault({ do: what, fails }: Fault): void {
    const { d, since } = this;
    const all = what === "all";
    if (all || what === "kv read") d.kv.faults.read = fails ? "error" : null;
    if (all || what === "kv write") d.kv.faults.write = fails ? "error" : null;
    if (all || what === "database") d.faults.down = fails;
    if (all || what === "feed") d.faults.feed = fails;
    for (const key of all ? (Object.keys(since) as (keyof World["since"])[]) : [what]) {
      if (fails) since[key] = Number.POSITIVE_INFINITY;
      else if (since[key] === Number.POSITIVE_INFINITY) since[key] = d.clock.now;
    }
  }

  private async change(operation: Operation, secret: string | undefined): Promise<void> {
    const { d } = this;
    const map = d.document(organisationKey(d.org)) as OrganisationMap;
    const set = secret === undefined ? undefined : (d.document(d.kvKeyOf(secret)) as PermissionSet);
    if (operation.do === "create") this.tokens.push(await d.token([DATASETS[operation.dataset] as string]));
    if (operation.do === "suspend") await d.suspend("suspended");
    if (operation.do === "resume") await d.suspend("active");
    const name = "dataset" in operation ? (DATASETS[operation.dataset] as string) : "";
    if (operation.do === "make" && !map.datasets[name]) await d.dataset(name);
    if (operation.do === "delete" && map.datasets[name]) await d.removeDataset(name);
    if (secret === undefined || !set || set.status === "revoked") return;
    if (operation.do === "revoke") await d.change(secret, { status: "revoked" });
    if (operation.do === "disable") await d.change(secret, { status: "disabled" });
    if (operation.do === "enable") await d.change(secret, { status: "active" });
    if (operation.do === "regenerate") this.tokens.push(await d.regenerate(secret, 30_000));
  }
}

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("23 any history of changes, failures and requests", () => {
  it("stays within the bounds", async () => {
    const seen: World["seen"] = { accepted: 0, refused: 0, unavailable: 0, degraded: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 20, maxLength: 60, size: "max" }), async (operations) => {
        const world = new World(await openDeployment(), seen);
        await world.run({ do: "create", dataset: 0 });
        await world.run({ do: "create", dataset: 2 });
        for (const one of operations) await world.run(one);
      }),
      { numRuns: 80 },
    );
    // a model that never meets a case proves nothing about it
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
  }, 120_000);
});
