/** What a dataset's region does with its stored events: writes them out, trims them, removes them. */
import * as v from "valibot";
import { untilDone } from "../../access/chore.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf } from "../change.ts";
import { type Destination, type Region, settingsOf } from "../env.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { readDuration } from "./duration.ts";
import { notePurge } from "./purge.ts";
import { type Dataset, touchDataset } from "./store.ts";

/** Calls to a region for one request; each removes at most some ten thousand objects. */
const CALLS_MAX = 10;

const Trim = v.strictObject({ maxDuration: v.string() });

export const life: Route[] = [
  // Headgate's own: writes out what the dataset's region has buffered, and answers when that is done.
  {
    ...{ method: "POST", path: "/v2/datasets/:dataset/flush", as: "dataset" },
    ...{ by: ANY_CREDENTIAL, needs: "datasets:update", on: "see", run: flush },
  },
  ...["/v1", "/v2", "/api/v1"].flatMap((version): Route[] => {
    const common = { method: "POST", as: "dataset", by: ANY_CREDENTIAL, needs: null } as const;
    return [
      {
        ...{ ...common, path: `${version}/datasets/:dataset/trim`, on: "trim:update" },
        run: (c, caller, dataset) => trim(c, caller, dataset, version === "/v2"),
      },
      // There is nothing to do: objects carry no table of fields that could hold stale ones.
      { ...common, path: `${version}/datasets/:dataset/vacuum`, on: "vacuum:update", run: (c: Request) => c.json({}) },
    ];
  }),
];

async function flush(c: Request, _: Caller, dataset: Dataset): Promise<Response> {
  const { segments, rows } = await asked(c, dataset, "write its buffer out", (region, destination) => region.flush(destination));
  return c.json({ segments, rows });
}

/** Whole objects go, by the time at which their segment was begun; what is still buffered stays. */
async function trim(c: Request, caller: Caller, dataset: Dataset, silent: boolean): Promise<Response> {
  const { maxDuration } = await readBody(c, Trim);
  const before = c.var.now - readDuration("maxDuration", maxDuration);
  // noted first: an entry without an effect is better than the reverse
  const entry = changeOf(c, caller, "dataset.trim", dataset.name, {
    id: dataset.id,
    maxDuration,
    before: new Date(before).toISOString(),
  });
  if (!(await touchDataset(c.env.DB, dataset.id, entry)))
    throw new Problem("dataset-unknown", `dataset not found: ${dataset.name} was deleted meanwhile`);
  const { done, objects } = await asked(c, dataset, "trim the dataset", (region, destination) =>
    untilDone(() => region.trim(destination, before), CALLS_MAX),
  );
  if (!done) throw new Problem("overloaded", `${objects} objects were removed and more are left; send the request again to go on`);
  return silent ? c.body(null, 204) : c.json({ numDeleted: objects });
}

/** Removes a deleted dataset's events after the answer. What fails or is too much for one go, the region's cron goes on with. */
export function purgeInBackground(c: Request, dataset: Dataset): void {
  const { now } = c.var;
  const { DB } = c.env;
  const purge = async () => {
    const { region, destination } = whereIs(c, dataset);
    const removed = await untilDone(() => region.purge(destination), CALLS_MAX);
    if (removed.done) await notePurge(DB, dataset.id, removed, now);
  };
  c.executionCtx.waitUntil(purge().catch((error) => console.error("purge failed for now", dataset.id, String(error))));
}

/** Tells the region after the answer. If that fails, it finds out by itself within a minute. */
export function tellSettings(c: Request, dataset: Dataset): void {
  const tell = async () => {
    const { region, destination } = whereIs(c, dataset);
    await region.settingsChanged(destination);
  };
  c.executionCtx.waitUntil(tell().catch((error) => console.warn("region not told of settings", dataset.id, String(error))));
}

/** @throws Problem `store-unavailable` for whatever the region throws. */
async function asked<T>(
  c: Request,
  dataset: Dataset,
  task: string,
  ask: (region: Region, destination: Destination) => Promise<T>,
): Promise<T> {
  const { region, destination } = whereIs(c, dataset);
  try {
    return await ask(region, destination);
  } catch (error) {
    console.error("region failed to", task, dataset.region, String(error));
    throw new Problem("store-unavailable", `region ${dataset.region} could not ${task}; send the request again in a second`);
  }
}

function whereIs(c: Request, { id, org, name, region }: Dataset): { region: Region; destination: Destination } {
  const worker = settingsOf(c.env).regions.get(region)?.worker;
  if (!worker) throw new Problem("store-unavailable", `region ${region} is not configured in this deployment: add it to REGIONS`);
  return { region: worker, destination: { org, dataset: name, datasetId: id, region } };
}
