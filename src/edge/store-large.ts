/** The batches of a body too large to be held, staged one after another and appended as one. */
import type { AppendIdHash } from "./buffer/append-id.ts";
import type { EdgeEnv } from "./env.ts";
import type { Batch } from "./event/batch.ts";
import { mergeRejects, noRejects } from "./event/rejects.ts";
import { openStager } from "./stager.ts";
import { reachable, rejectsOf, type Sender, send } from "./store.ts";

/**
 * @param hash has taken the whole body once the batches are at their end.
 * @returns also what all batches together came to, without their lines.
 * @throws Problem of the body or of the store; nothing of it is stored then.
 */
export async function storeLarge(
  batches: AsyncIterable<Batch>,
  hash: AppendIdHash,
  sender: Sender,
  env: EdgeEnv,
): Promise<{ batch: Batch; stored: "stored" | "duplicate" }> {
  const stager = openStager(env.SEGMENTS, sender.destination, sender.now);
  const sum: Batch = {
    ...noRejects(),
    ...{
      ndjson: new Uint8Array(0),
      rows: 0,
      minTime: Number.POSITIVE_INFINITY,
      maxTime: Number.NEGATIVE_INFINITY,
      everyEventHasItsOwnTime: true,
    },
  };
  let rawBytes = 0;
  const staged = await reachable(async () => {
    for await (const batch of batches) {
      mergeRejects(sum, batch);
      if (batch.rows === 0) continue;
      sum.rows += batch.rows;
      rawBytes += batch.ndjson.length;
      sum.minTime = Math.min(sum.minTime, batch.minTime);
      sum.maxTime = Math.max(sum.maxTime, batch.maxTime);
      sum.everyEventHasItsOwnTime &&= batch.everyEventHasItsOwnTime;
      await stager.add(batch);
    }
    return stager.close();
  }, stager.abandon);
  const { rows, minTime, maxTime, failed } = sum;
  if (rows + failed === 0) return { batch: sum, stored: "stored" };
  const append = {
    ...hash.close(sum.everyEventHasItsOwnTime),
    ...{ body: new Uint8Array(0), gzip: false, staged, rows, rawBytes, minTime, maxTime },
    ...rejectsOf(sum, sender),
    ...{ received: rows + failed, replay: null },
  };
  return { batch: sum, stored: await send(append, sender, env) };
}
