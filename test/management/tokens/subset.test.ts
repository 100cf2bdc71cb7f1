import fc from "fast-check";
import { expect, it } from "vitest";
import { type Answer, call, dataset, deployment, type Reply, reasonOf, token } from "../client.ts";

/** What a request asks for, in terms that the oracle below can compare without any code of Headgate's. */
interface Asked {
  /** Dataset and capability, such as `a ingest:create`. */
  datasets: string[];
  org: string[];
  /** Years, or null for never. */
  end: number | null;
  /** Year of the beginning, or null for at once. */
  begin: number | null;
  /** Prefixes of one address, so that a longer one lies in a shorter one; or a network of its own. */
  networks: (8 | 16 | 24 | "other")[] | null;
  limit: number | null;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  datasets: fc.subarray(["a ingest:create", "a query:read", "b ingest:create", "* ingest:create", "* query:read"]),
  org: fc.subarray(["datasets:read", "datasets:create", "users:read"]),
  end: fc.option(fc.constantFrom(2080, 2090), { freq: 3 }),
  begin: fc.option(fc.constantFrom(2020, 2021), { freq: 3 }),
  networks: fc.option(fc.subarray([8, 16, 24, "other"] as const, { minLength: 1 }), { freq: 3 }),
  limit: fc.option(fc.constantFrom(5, 6), { freq: 3 }),
});

/** A maker, and a child that is mostly like it: two that are drawn apart would hardly ever lie within one another. */
const pair = fc
  .record({ parent: asked, other: asked, different: fc.subarray(["datasets", "org", "end", "begin", "networks", "limit"] as const) })
  .map(({ parent, other, different }) => ({
    parent,
    child: { ...parent, ...Object.fromEntries(different.slice(0, 2).map((member) => [member, other[member]])) } as Asked,
  }));

/** Within: every point of what is asked is a point of what the maker has. */
function within(parent: Asked, child: Asked): boolean {
  const covered = (one: string) => parent.datasets.includes(one) || parent.datasets.includes(one.replace(/^\S+/, "*"));
  const networkCovered = (one: Asked["networks"] & {}) =>
    one.every((net) => parent.networks?.some((own) => (net === "other" || own === "other" ? net === own : net >= own)));
  return (
    child.datasets.every(covered) &&
    child.org.every((one) => parent.org.includes(one)) &&
    (parent.end === null || (child.end !== null && child.end <= parent.end)) &&
    (parent.begin === null || child.begin === null || child.begin >= parent.begin) &&
    (parent.networks === null || (child.networks !== null && networkCovered(child.networks))) &&
    (parent.limit === null || child.limit === null || child.limit <= parent.limit)
  );
}

const NETWORKS = { 8: "10.0.0.0/8", 16: "10.1.0.0/16", 24: "10.1.1.0/24", other: "2001:db8::/32" };

function requestOf({ datasets, org, end, begin, networks, limit }: Asked) {
  const datasetCapabilities: Record<string, Record<string, string[]>> = {};
  for (const one of datasets) {
    const [scope = "", resource = "", action = ""] = one.split(/[ :]/);
    datasetCapabilities[scope] = { ...datasetCapabilities[scope], [resource]: [action] };
  }
  const orgCapabilities: Record<string, string[]> = {};
  for (const one of org) {
    const [resource = "", action = ""] = one.split(":");
    orgCapabilities[resource] = [...(orgCapabilities[resource] ?? []), action];
  }
  return {
    name: "any",
    datasetCapabilities,
    orgCapabilities,
    expiresAt: end && `${end}-01-01T00:00:00Z`,
    notBefore: begin && `${begin}-01-01T00:00:00Z`,
    networks: networks?.map((one) => NETWORKS[one]) ?? null,
    limits: limit && { bytesPerDay: limit },
  };
}

const made = (reply: Reply<Answer>) => (reply.status === 200 ? "made" : reasonOf(reply));

it("49: a token makes exactly the tokens that lie within itself, whatever either may do", async () => {
  const own = await deployment();
  for (const name of ["a", "b"]) await dataset(own, name);
  const seen = { made: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(pair, async ({ parent, child }) => {
      fc.pre(child.datasets.length + child.org.length > 0);
      const request = requestOf(parent);
      const maker = await token(own, { ...request, orgCapabilities: { ...request.orgCapabilities, apiTokens: ["create"] } });
      const from = parent.networks?.every((one) => one === "other") ? "2001:db8::1" : "10.1.1.1";
      const reply = await call("POST", "/v2/tokens", maker, requestOf(child), { headers: { "cf-connecting-ip": from } });
      expect(made(reply)).toBe(within(parent, child) ? "made" : "grant-too-wide");
      seen[reply.status === 200 ? "made" : "refused"]++;
      if (reply.status !== 200) return;
      const limit = child.limit ?? parent.limit;
      expect(reply.body["limits"]).toEqual(limit === null ? undefined : { bytesPerDay: limit });
    }),
    { numRuns: 120 },
  );
  // both ways often enough to mean something
  expect(Math.min(seen.made, seen.refused)).toBeGreaterThan(15);
}, 60_000);
