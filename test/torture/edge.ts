/** The edge as it is deployed, with a bucket that fails. Only `npm run torture` and its test build this. */
import type { EdgeEnv } from "../../src/edge/env.ts";
import worker, { Quota, Buffer as RealBuffer, Region as RealRegion } from "../../src/edge/worker.ts";
import { failingBucket } from "./bucket.ts";
import { CALM_PATH } from "./calm.ts";

interface TortureEnv extends EdgeEnv {
  FAILURES_PERCENT: number;
}

let calm = false;

/** One for each environment: settings are remembered by it. */
const failing = new WeakMap<EdgeEnv, EdgeEnv>();

function withFailures(env: EdgeEnv): EdgeEnv {
  const known = failing.get(env);
  if (known) return known;
  const percent = () => (calm ? 0 : Number((env as TortureEnv).FAILURES_PERCENT));
  const made = { ...env, SEGMENTS: failingBucket(env.SEGMENTS, percent) };
  failing.set(env, made);
  return made;
}

export class Buffer extends RealBuffer {
  constructor(ctx: DurableObjectState, env: EdgeEnv) {
    super(ctx, withFailures(env));
  }
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
      calm = true;
      return new Response();
    }
    return real.fetch?.(request, withFailures(env), ctx) ?? new Response(null, { status: 500 });
  },
} satisfies ExportedHandler<EdgeEnv>;
