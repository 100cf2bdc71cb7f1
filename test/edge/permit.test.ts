/** May this token do this here? What is asked of the authority meanwhile is given as an argument, and noted. */
import { beforeEach, describe, expect, it } from "vitest";
import { type OrganisationMap, organisationMap, type PermissionSet, permissionSet } from "../../src/access/permission-set.ts";
import type { Caller } from "../../src/edge/authenticate.ts";
import type { EdgeEnv } from "../../src/edge/env.ts";
import { onlyDataset, permit } from "../../src/edge/permit.ts";
import { Problem } from "../../src/problem.ts";

const HERE = "cloud.us-east-1.aws";
const THERE = "cloud.eu-central-1.aws";
const NOW = 1_000_000;
const env = {} as EdgeEnv;

let asked: string[];
/** What the authority knows; null: nobody can tell. */
let renewed: OrganisationMap | null;

beforeEach(() => {
  asked = [];
  renewed = null;
});

function mapOf(datasets: OrganisationMap["datasets"], regions: Record<string, string> = {}): OrganisationMap {
  return organisationMap({ id: "acme", status: "active", datasets, regions, ver: 1 });
}

function caller(datasets: PermissionSet["datasets"], organisation: OrganisationMap): Caller {
  const documents: Pick<Caller["documents"], "renewed"> = {
    async renewed(known, purpose) {
      asked.push(`${known.id} ${purpose}`);
      if (!renewed) throw new Problem("store-unavailable", "nobody can tell");
      return renewed;
    },
  };
  const set = permissionSet({ id: "t", org: "acme", status: "active", expiresAt: null, datasets, ver: 1 });
  return { set, organisation, degraded: false, documents: documents as Caller["documents"] };
}

interface Refusal {
  reason: string;
  text: string;
  members: unknown;
}

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  try {
    await work;
    return { reason: "none", text: "", members: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { reason: error.reason, text: error.message, members: error.members };
  }
}

const ask = (by: Caller, name: string, capability = "ingest:create") => permit(by, capability, name, HERE, env, NOW);
const logs = { logs: { id: "d1", region: HERE } };

describe("a dataset that a token may use", () => {
  it("is where the organisation has it, with what its owner did not choose", async () => {
    expect(await ask(caller({ d1: ["ingest:create"] }, mapOf(logs)), "logs")).toEqual({
      destination: { org: "acme", dataset: "logs", datasetId: "d1", region: HERE },
      dedupe: "content",
      quarantineBytesMax: 100_000_000,
    });
    expect(asked).toEqual([]);
  });

  it("is treated as its owner chose", async () => {
    const datasets = { logs: { id: "d1", region: HERE, dedupe: "off" as const, quarantine: 0 } };
    expect(await ask(caller({ "*": ["ingest:create"] }, mapOf(datasets)), "logs")).toMatchObject({ dedupe: "off", quarantineBytesMax: 0 });
  });

  it("is not asked about when the token knows all its datasets, or any by the wildcard", async () => {
    const both = mapOf({ ...logs, web: { id: "d2", region: HERE } });
    expect((await refusalOf(ask(caller({ d1: ["ingest:create"] }, both), "web"))).reason).toBe("forbidden");
    expect((await refusalOf(ask(caller({ d1: ["ingest:create"], "*": ["query:read"] }, both), "web"))).reason).toBe("forbidden");
    expect(asked).toEqual([]);
  });

  it("may be another one under the same name by now: then, and only then, it is asked for as renewed", async () => {
    renewed = mapOf({ logs: { id: "d9", region: HERE } });
    const permitted = await ask(caller({ d9: ["ingest:create"] }, mapOf(logs)), "logs");
    expect([permitted.destination.datasetId, asked]).toEqual(["d9", ["acme renewed"]]);
  });

  it("may be new: then it is asked for by its name", async () => {
    renewed = mapOf({ ...logs, web: { id: "d2", region: HERE } });
    expect((await ask(caller({ "*": ["ingest:create"] }, mapOf(logs)), "web")).destination.datasetId).toBe("d2");
    expect(asked).toEqual(["acme dataset"]);
  });
});

describe("a refusal", () => {
  it("is 404 for a name that nobody knows, and is no name that every object has", async () => {
    renewed = mapOf(logs);
    for (const name of ["web", "constructor", "__proto__"])
      expect(await refusalOf(ask(caller({ "*": ["ingest:create"] }, mapOf(logs)), name))).toMatchObject({
        reason: "dataset-unknown",
        text: `dataset ${name} not found; create it at POST /v2/datasets of the management API, or mend the path`,
      });
  });

  it("is 503 for a name about which nobody can tell", async () => {
    expect((await refusalOf(ask(caller({ "*": ["ingest:create"] }, mapOf(logs)), "web"))).reason).toBe("store-unavailable");
  });

  it("names what is lacked, without a question when nothing of the kind is held", async () => {
    expect(await refusalOf(ask(caller({ d1: ["query:read"] }, mapOf(logs)), "logs"))).toMatchObject({
      reason: "forbidden",
      text: "the token lacks ingest:create for dataset logs; it has it for no dataset. A token's capabilities never change: create another",
    });
    expect((await refusalOf(ask(caller({}, mapOf(logs)), "web"))).reason).toBe("forbidden");
    expect(asked).toEqual([]);
  });

  it("names the datasets where it is held, ten at most", async () => {
    const names = Array.from({ length: 11 }, (_, n) => `log-${n}`);
    const many = mapOf({ ...logs, ...Object.fromEntries(names.map((name) => [name, { id: name, region: HERE }])) });
    const held = Object.fromEntries(names.map((name) => [name, ["ingest:create"]]));
    const { text } = await refusalOf(ask(caller(held, many), "logs"));
    expect(text).toContain(`; it has it for ${names.slice(0, 10).join(", ")}. A token's`);
  });

  it.each([
    ["ingest:create", "ingest is only allowed into datasets in the primary region", "/v1/ingest/logs"],
    ["query:read", "a dataset is read in its own region", ""],
  ])("leads to the right region: %s", async (capability, what, path) => {
    const by = caller({ d1: [capability] }, mapOf({ logs: { id: "d1", region: THERE } }, { [THERE]: "https://old.example" }));
    const regions = `${what}: dataset region: ${THERE}, deployment region: ${HERE}`;
    renewed = mapOf({}, { [THERE]: "https://new.example" });
    expect(await refusalOf(ask(by, "logs", capability))).toEqual({
      reason: "wrong-region",
      text: `${regions}; use https://new.example${path}`,
      members: { edgeDeployment: THERE, edgeDeploymentUrl: "https://new.example" },
    });
    expect(asked).toEqual(["acme region"]);
    renewed = null;
    expect((await refusalOf(ask(by, "logs", capability))).text).toBe(`${regions}; use https://old.example${path}`);
    renewed = mapOf({});
    expect(await refusalOf(ask(by, "logs", capability))).toEqual({
      reason: "wrong-region",
      text: `${regions}; use that region's edge`,
      members: { edgeDeployment: THERE },
    });
  });
});

describe("the dataset of a path that names none", () => {
  const only = (by: Caller) => onlyDataset(by, "ingest:create", env, NOW);
  const both = mapOf({ ...logs, web: { id: "d2", region: HERE } });

  it("is the only one that the token may use", async () => {
    expect(await only(caller({ d2: ["ingest:create"], d1: ["query:read"] }, both))).toBe("web");
    expect(await only(caller({ "*": ["ingest:create"] }, mapOf(logs)))).toBe("logs");
    expect(asked).toEqual([]);
  });

  it("is asked for when the token names one that the held document lacks, and not for a wildcard", async () => {
    renewed = both;
    expect(await only(caller({ d2: ["ingest:create"] }, mapOf(logs)))).toBe("web");
    expect(asked).toEqual(["acme dataset"]);
    const { text } = await refusalOf(only(caller({ "*": ["ingest:create"] }, mapOf({}))));
    expect(text).toMatch(/^the path names no dataset and the token may use none; send to/);
    expect(asked.length).toBe(1);
  });

  it("is none of several", async () => {
    expect(await refusalOf(only(caller({ "*": ["ingest:create"] }, both)))).toMatchObject({
      reason: "dataset-ambiguous",
      text: expect.stringMatching(/^the path names no dataset and the token may use several; send to/),
    });
  });
});
