/** Environments whose bucket fails, until this isolate is calmed. */
import { failingBucket } from "./bucket.ts";

interface Failing {
  SEGMENTS: R2Bucket;
}

let calm = false;

/** One for each environment: settings are remembered by it. */
const failing = new WeakMap<object, object>();

/** With `FAILURES_PERCENT` of the writes to the bucket failing, as the environment says. */
export function withFailures<E extends Failing>(env: E): E {
  const known = failing.get(env) as E | undefined;
  if (known) return known;
  const percent = () => (calm ? 0 : Number((env as E & { FAILURES_PERCENT?: number }).FAILURES_PERCENT));
  const made = { ...env, SEGMENTS: failingBucket(env.SEGMENTS, percent) };
  failing.set(env, made);
  return made;
}

export function beCalm(): void {
  calm = true;
}
