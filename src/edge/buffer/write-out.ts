/** From the log to the bucket: what is due is sealed, put under its own key, and dropped. */

import * as staged from "../bucket/staged.ts";
import { sinkOf } from "../sinks/index.ts";
import { type StorageEnv, storageSettingsOf } from "../storage-env.ts";
import type { Deliveries } from "./deliveries.ts";
import * as log from "./log.ts";
import { objectKey } from "./object-key.ts";
import { type Destination, flushed, type Segment, type State, undone } from "./segment.ts";

export interface Written {
  segments: number;
  rows: number;
}

/**
 * One segment that cannot be written holds up no other.
 * @param held the state as it is at each moment: it may be loaded anew meanwhile.
 * @throws the first error, after everything was tried.
 */
export async function writeOut(
  storage: DurableObjectStorage,
  held: () => State,
  which: (segment: Segment) => boolean,
  destination: Destination,
  env: StorageEnv,
  deliveries: Deliveries,
): Promise<Written> {
  const { sql } = storage;
  for (const segment of held().segments) {
    if (segment.sealed || !which(segment)) continue;
    log.markSealed(sql, segment.n);
    segment.sealed = true;
  }
  const written: Written = { segments: 0, rows: 0 };
  const errors: unknown[] = [];
  for (const segment of held().segments.filter(({ sealed }) => sealed)) {
    try {
      if (!(await put(storage, held, segment, destination, env))) continue;
      const { windowMs, idsMax } = storageSettingsOf(env).dedupe;
      const goesOn = segment.kind === "events" && (await deliveries.wanted(destination));
      const now = Date.now();
      storage.transactionSync(() => {
        log.forget(sql, segment, now, windowMs);
        if (goesOn) deliveries.plan(segment);
      });
      flushed(held(), segment, now, { windowMs, idsMax });
      if (segment.kind === "quarantine") continue;
      written.segments++;
      written.rows += segment.rows;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return written;
}

/** @returns whether the segment is in the bucket now and may be dropped. */
async function put(
  storage: DurableObjectStorage,
  held: () => State,
  segment: Segment,
  destination: Destination,
  env: StorageEnv,
): Promise<boolean> {
  const key = objectKey(destination, segment.id, segment.kind);
  if (!segment.upload) {
    await sinkOf(env).write({ ...segment, key, destination, body: log.readBody(storage.sql, segment) });
    return true;
  }
  const { group } = segment.upload;
  const here = held().segments.filter(({ id }) => group.includes(id));
  // its append is in when all of it is: the piece that carries the id comes last
  if (segment.id === group.at(-1) && here.length > 1) throw new Error(`segment ${segment.id} waits for the others of its append`);
  if (here.length === 0) return false;
  if ((await staged.complete(env.SEGMENTS, key, segment.upload)) === "done") return true;
  // the sender was never told that it is in, and will send it again
  console.error("staged upload lost", destination.datasetId, segment.id);
  await staged.remove(env.SEGMENTS, destination, group);
  storage.transactionSync(() => {
    for (const each of here) log.dropSegment(storage.sql, each);
  });
  for (const each of here) undone(held(), each);
  return false;
}
