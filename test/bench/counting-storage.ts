/** The storage, with counters, which its edge asks for. */
import worker, { Buffer as RealBuffer, Storage as RealStorage } from "../../src/edge/storage.ts";
import type { StorageEnv } from "../../src/edge/storage-env.ts";
import { counted, counts, watchBucket, watchStorage } from "./counting.ts";
import type { Counts } from "./counts.ts";

export { Tail } from "../../src/edge/storage.ts";

export class Buffer extends RealBuffer {
  #busy = 0;
  #busySince = 0;

  constructor(ctx: DurableObjectState, env: StorageEnv) {
    watchStorage(ctx.storage);
    watchBucket(env.SEGMENTS);
    super(ctx, env);
  }

  override append(...args: Parameters<RealBuffer["append"]>): ReturnType<RealBuffer["append"]> {
    return this.#counted(() => super.append(...args));
  }

  override flush(): ReturnType<RealBuffer["flush"]> {
    return this.#counted(() => super.flush());
  }

  override alarm(): Promise<void> {
    return this.#counted(() => super.alarm());
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    counts.objectRequests++;
    if (this.#busy++ === 0) this.#busySince = Date.now();
    try {
      return await work();
    } finally {
      if (--this.#busy === 0) counts.objectMs += Date.now() - this.#busySince;
    }
  }
}

export class Storage extends RealStorage {
  async counts(): Promise<Counts> {
    return counted();
  }
}

export default worker;
