/** `GET /v1/datasets/{dataset}/stats`: what became of everything that was sent to a dataset. */
import { addCounts, type Counts, emptyCounts } from "./buffer/counts.ts";
import type { Destination } from "./buffer/segment.ts";
import type { EdgeEnv } from "./env.ts";
import type { Call } from "./protocols/protocol.ts";
import { reading, shardsOf } from "./segments.ts";
import type { Visit } from "./visit.ts";

/** received = stored + deduplicated + quarantined + the sum of refused. A body that was refused whole counts as one event. */
export function stats(call: Call, visit: Visit, env: EdgeEnv): Promise<Response> {
  return reading(call, visit, env, (destination) => statsOf(destination, env));
}

async function statsOf(destination: Destination, env: EdgeEnv): Promise<Response> {
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
