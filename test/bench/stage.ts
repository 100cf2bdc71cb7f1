/** A gateway of the bench's own, in a folder that goes when the process does, with what it takes to send and to look. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readTagKeys, type TagKeys } from "../../src/access/token.ts";
import { call } from "../../src/local/api.ts";
import { type OtherSource, PORTS } from "../../src/local/bundle.ts";
import type { Dataset } from "../../src/local/demo/segments.ts";
import { type Gateway, openGateway } from "../../src/local/gateway.ts";
import { findFree, HOST } from "../../src/local/ports.ts";
import { seed } from "../../src/local/seed.ts";
import { COUNTS_PATH, type Counts } from "./counts.ts";
import { FLOOR_WORKER } from "./floor.ts";
import { type Target, workerdPid } from "./load.ts";

const REGION = "cloud.us-east-1.aws";
const counting = (entry: string): OtherSource => ({ entry: path.join(import.meta.dirname, entry), plugins: [] });
/** Counts what the platform would bill. */
export const COUNTING: Pick<StageOptions, "edgeSource" | "storageSource"> = {
  edgeSource: counting("counting-edge.ts"),
  storageSource: counting("counting-storage.ts"),
};

export interface Stage {
  /** URL of the Worker that only drains. */
  floor: string;
  /** Its process. */
  workerd: number;
  /** The organisation that all belongs to. */
  org: string;
  /** Make the edges take a token for one of this deployment. */
  tagKeys: TagKeys;
  /** What the edges read from KV. */
  permissions: Gateway["permissions"];
  /** Makes a token that ends then, in epoch milliseconds. */
  token(expiresAt: number): Promise<string>;
  /** Makes a dataset. */
  dataset(name: string): Promise<Dataset>;
  /** Writes out what is buffered of it. */
  flush(dataset: Dataset): Promise<void>;
  /** What the platform would bill until now; only where COUNTING is staged. */
  counts(): Promise<Counts>;
}

export interface StageOptions {
  /** In place of the real ones, for all regions. */
  edgeSource?: OtherSource;
  storageSource?: OtherSource;
  edgeSettings?: Record<string, number>;
}

/** Opens a gateway for `use` and ends it after that, whatever happens. */
export async function withStage(options: StageOptions, use: (stage: Stage) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-bench-"));
  // also when a signal ends this
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const port = await findFree(PORTS + 1);
  const gateway = await openGateway({ ...options, port, state: folder, quiet: true, beside: [FLOOR_WORKER] });
  try {
    const { management, edges, org, ownerToken } = await seed(folder, gateway.urls, gateway.secrets);
    const owner = { token: ownerToken, org };
    const request = { name: "bench", datasetCapabilities: { "*": { ingest: ["create"], query: ["read"] } } };
    const newToken = async (more: { expiresAt?: string }) =>
      (await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, { ...request, ...more })).token;
    const token = await newToken({});
    const edge = edges[REGION] as string;
    await use({
      floor: `http://${HOST}:${port + PORTS}/`,
      workerd: workerdPid(),
      org,
      tagKeys: readTagKeys(gateway.secrets.TOKEN_TAG_KEYS),
      permissions: gateway.permissions,
      token: (expiresAt) => newToken({ expiresAt: new Date(expiresAt).toISOString() }),
      async dataset(name) {
        await call("POST", `${management}/v2/datasets`, owner, { name, edgeDeployment: REGION });
        return { edge, name, token };
      },
      flush: ({ name }) => call("POST", `${management}/v2/datasets/${name}/flush`, owner),
      counts: () => call<Counts>("GET", edge + COUNTS_PATH, { token }),
    });
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where and how events of a dataset are sent. */
export function targetOf({ edge, name, token }: Dataset, contentType: string, expect: string): Target & { expect: string } {
  return { url: `${edge}/v1/ingest/${name}`, headers: { authorization: `Bearer ${token}`, "content-type": contentType }, expect };
}
