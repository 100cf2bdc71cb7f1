/** The edge as it is deployed, with a bucket that fails. Only `npm run torture` and its test build this. */
import type { EdgeEnv } from "../../src/edge/env.ts";
import worker, { Quota, Region as RealRegion } from "../../src/edge/worker.ts";
import { CALM_PATH } from "./calm.ts";
import { beCalm, withFailures } from "./failing.ts";
import type { Storage } from "./storage.ts";

interface TortureEnv extends EdgeEnv {
  STORAGE: Service<Storage>;
}

export class Region extends RealRegion {
  constructor(ctx: ExecutionContext, env: EdgeEnv) {
    super(ctx, withFailures(env));
  }
}

const real: ExportedHandler<EdgeEnv> = worker;

export { Quota };

export default {
  ...real,
  async fetch(request, env, ctx): Promise<Response> {
    if (new URL(request.url).pathname === CALM_PATH) {
      beCalm();
      await env.STORAGE.calm();
      return new Response();
    }
    return real.fetch?.(request, withFailures(env), ctx) ?? new Response(null, { status: 500 });
  },
} satisfies ExportedHandler<TortureEnv>;
