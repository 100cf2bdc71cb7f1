/** `GET /v1/datasets/{dataset}/stats`: what became of everything that was sent to a dataset. */
import { addCounts, type Counts, emptyCounts } from "./buffer/counts.ts";
import type { Entry } from "./enter.ts";
import type { EdgeEnv } from "./env.ts";
import type { Call } from "./protocols/protocol.ts";
import { readable, shardsOf } from "./segments.ts";

/** received = stored + deduplicated + quarantined + the sum of refused. A body that was refused whole counts as one event. */
export async function stats(call: Call, entry: Entry, env: EdgeEnv): Promise<Response> {
  const destination = await readable(call, entry, env);
  const total = emptyCounts();
  const tokens = new Map<string, Counts>();
  for (const shard of await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.counters()))) {
    for (const { token, counts } of shard) {
      addCounts(total, counts);
      tokens.set(token, addCounts(tokens.get(token) ?? emptyCounts(), counts));
    }
  }
  return Response.json({ ...total, tokens: [...tokens].map(([id, counts]) => ({ id, ...counts })) });
}
