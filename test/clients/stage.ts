/** A gateway for the clients under test, with a dataset of each one's own. */
import { call } from "../../src/local/api.ts";
import { type Child, startChild } from "../../src/local/child.ts";
import { type Dataset, listSegments, segmentLines } from "../../src/local/demo/segments.ts";
import { findFree } from "../../src/local/ports.ts";
import { remove, temporaryFolder } from "../local/command.ts";

/** The organisation's own region. */
const REGION = "cloud.us-east-1.aws";
/** Management, and an edge and its storage for each of two regions. */
const PORTS = 5;

type Event = Record<string, unknown>;

export interface Stage {
  /** What a client needs that knows management's address only: an owner's personal token. */
  owner: { url: string; token: string; orgId: string };
  /** URL of the region's edge. */
  edge: string;
  /** Makes a dataset. */
  dataset(name: string): Promise<void>;
  /** An API token that may send to a dataset and do nothing else. */
  sender(dataset: string): Promise<string>;
  /** All that a dataset holds. */
  stored(dataset: string): Promise<Event[]>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const state = temporaryFolder();
  const gateway: Child = await startChild(await findFree(PORTS), state);
  const { management, edges, org, ownerToken } = gateway.local;
  const owner = { token: ownerToken, org };
  const edge = edges[REGION] as string;
  const token = async (name: string, datasetCapabilities: unknown) =>
    (await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, { name, datasetCapabilities })).token;
  const reader = await token("reader", { "*": { query: ["read"] } });
  return {
    owner: { url: management, token: ownerToken, orgId: org },
    edge,
    async dataset(name) {
      await call("POST", `${management}/v2/datasets`, owner, { name, edgeDeployment: REGION });
    },
    sender: (dataset) => token(`sender of ${dataset}`, { [dataset]: { ingest: ["create"] } }),
    async stored(name) {
      await call("POST", `${management}/v2/datasets/${name}/flush`, owner);
      // by management, which knows a new name at once; an edge answers for few of them in a second
      const dataset: Dataset = { edge: management, name, token: reader };
      const events: Event[] = [];
      for (const { id } of await listSegments(dataset))
        for await (const line of segmentLines(dataset, id)) events.push(JSON.parse(line) as Event);
      return events;
    },
    async close() {
      await gateway.stop();
      remove(state);
    },
  };
}

/** The clients swallow errors unless told otherwise. */
export function onError(error: Error): void {
  throw error;
}

/** Events without the times that their receipt gave them. */
export function untimed(events: Event[]): Event[] {
  return events.map(({ _time, _sysTime, ...rest }) => rest);
}
