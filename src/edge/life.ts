/**
 * What a region does for the life of its datasets, at management's word and by itself every hour: removes what is stored of deleted
 * ones and what is older than their retention, and wakes the buffers of the others, since an alarm can be lost.
 */
import { type Chore, type Removed, untilDone } from "../access/chore.ts";
import { removeAll, removeOlder } from "./bucket/objects.ts";
import type { Destination } from "./buffer/segment.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { shardsOf } from "./segments.ts";

/** The cron of wrangler.toml that also means retention; the other one does not. */
export const RETENTION_CRON = "43 3 * * *";
/** Calls for one dataset in one run; what is left waits for the next. */
const CALLS_MAX = 10;

/**
 * Removes all that is buffered and stored of a deleted dataset, as far as one call goes. Does not check that it is deleted.
 * @throws what the stores throw; some of it may be gone then, and the rest goes at the next call.
 */
export async function purge(destination: Destination, env: EdgeEnv): Promise<Removed> {
  // first, or a buffer would write a segment out behind our back
  await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.purge()));
  return removeAll(env.SEGMENTS, destination);
}

/** Lets a dataset's buffers look their sinks up anew. */
export async function settingsChanged(destination: Destination, env: EdgeEnv): Promise<void> {
  await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.settingsChanged()));
}

/** Removes the objects of segments that were begun before a time (epoch milliseconds), as far as one call goes. */
export function trim(destination: Destination, before: number, env: EdgeEnv): Promise<Removed> {
  return removeOlder(env.SEGMENTS, destination, before);
}

/** One run over all datasets of the region. What fails for one is logged and left to the next run. @throws when management is away. */
export async function runChores(env: EdgeEnv, { retention }: { retention: boolean }, now: number): Promise<void> {
  for await (const chore of choresFromAnywhere(env)) {
    try {
      await run(chore, env, retention, now);
    } catch (error) {
      console.error("chore failed", chore.destination.datasetId, String(error));
    }
  }
}

async function run({ destination, deleted, keepMs }: Chore, env: EdgeEnv, retention: boolean, now: number): Promise<void> {
  if (deleted) {
    const { done, objects, bytes } = await untilDone(() => purge(destination, env), CALLS_MAX);
    if (done) await env.AUTHORITY.purged(destination.datasetId, { objects, bytes });
    return;
  }
  await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.poke()));
  if (retention && keepMs !== null) await untilDone(() => trim(destination, now - keepMs, env), CALLS_MAX);
}

/** Begins at a random dataset and goes round, so that a run that is cut short does not always leave out the same ones. */
async function* choresFromAnywhere(env: EdgeEnv): AsyncGenerator<Chore> {
  const { region } = settingsOf(env);
  const start = crypto.randomUUID();
  for (let after: string | null = start, round = 1; ; ) {
    const page: Chore[] = await env.AUTHORITY.choresOf(region, after);
    for (const chore of page) {
      if (round === 2 && chore.destination.datasetId > start) return;
      yield chore;
    }
    const last = page.at(-1);
    if (!last && round === 2) return;
    if (!last) round = 2;
    after = last?.destination.datasetId ?? null;
  }
}
