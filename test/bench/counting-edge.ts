/** The edge, with counters, and a route that tells them together with those of its storage. */
import type { EdgeEnv } from "../../src/edge/env.ts";
import edge, { Quota, Region } from "../../src/edge/worker.ts";
import { counted, counts, watchBucket, watchPermissions } from "./counting.ts";
import type { Storage } from "./counting-storage.ts";
import { COUNTS_PATH, type Counts } from "./counts.ts";

interface CountingEnv extends EdgeEnv {
  STORAGE: Service<Storage>;
}

export { Quota, Region };

export default {
  async fetch(request: Request, env: CountingEnv, ctx: ExecutionContext): Promise<Response> {
    watchBucket(env.SEGMENTS);
    watchPermissions(env.PERMISSIONS);
    if (new URL(request.url).pathname === COUNTS_PATH) return Response.json(sum(counted(), await env.STORAGE.counts()));
    counts.workerRequests++;
    return edge.fetch(request, env, ctx);
  },
};

function sum(a: Counts, b: Counts): Counts {
  const names = Object.keys(a) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as Record<keyof Counts, number>;
}
