/** The storage as it is deployed, with a bucket that fails. Only `npm run torture` and its test build this. */
import worker, { Buffer as RealBuffer, Storage as RealStorage } from "../../src/edge/storage.ts";
import type { StorageEnv } from "../../src/edge/storage-env.ts";
import { beCalm, withFailures } from "./failing.ts";

export { Tail } from "../../src/edge/storage.ts";

export class Buffer extends RealBuffer {
  constructor(ctx: DurableObjectState, env: StorageEnv) {
    super(ctx, withFailures(env));
  }
}

export class Storage extends RealStorage {
  async calm(): Promise<void> {
    beCalm();
  }
}

export default worker;
