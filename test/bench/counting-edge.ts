/**
 * The edge, with counters around what the platform bills, and a route that tells them. The bench builds it in place of the real entry;
 * nothing in the product knows of it. The methods of the runtime's own objects are wrapped, so that no call goes uncounted.
 */
import edge, { Buffer as EdgeBuffer, Quota, Region } from "../../src/edge/worker.ts";
import { COUNTS_PATH, type Counts, NO_COUNTS } from "./counts.ts";

type Env = Parameters<typeof edge.fetch>[1];
type Methods = Record<string, (...args: unknown[]) => unknown>;

const counts: Counts = { ...NO_COUNTS };
/** The last statement's; its numbers are final when the next statement begins. */
let cursor: { rowsWritten: number; rowsRead: number } | undefined;

const wrapped = new WeakSet<object>();

/** Runs `then` with each result of these methods, whichever object of its kind they are called on. */
function watch(object: object, methods: string[], then: (result: unknown) => void): void {
  const prototype = Object.getPrototypeOf(object) as Methods;
  for (const name of methods) {
    const original = prototype[name];
    if (!original || wrapped.has(original)) continue;
    const counting = function (this: unknown, ...args: unknown[]) {
      const result = original.apply(this, args);
      then(result);
      return result;
    };
    wrapped.add(counting);
    prototype[name] = counting;
  }
}

function countStatement(): void {
  counts.rowsWritten += cursor?.rowsWritten ?? 0;
  counts.rowsRead += cursor?.rowsRead ?? 0;
  cursor = undefined;
}

function watchStorage(storage: DurableObjectStorage): void {
  watch(storage.sql, ["exec"], (result) => {
    countStatement();
    cursor = result as typeof cursor;
  });
  watch(storage, ["setAlarm"], () => counts.rowsWritten++);
}

function watchBindings({ SEGMENTS, PERMISSIONS }: Env): void {
  const write = () => counts.bucketWrites++;
  watch(SEGMENTS, ["put", "list"], write);
  watch(SEGMENTS, ["createMultipartUpload"], (result) => {
    write();
    void (result as Promise<object>).then((upload) => watch(upload, ["uploadPart", "complete"], write));
  });
  watch(SEGMENTS, ["get", "head"], () => counts.bucketReads++);
  watch(PERMISSIONS, ["get", "getWithMetadata"], () => counts.kvReads++);
}

export class Buffer extends EdgeBuffer {
  #busy = 0;
  #busySince = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    watchStorage(ctx.storage);
    watchBindings(env);
    super(ctx, env);
  }

  override append(...args: Parameters<EdgeBuffer["append"]>): ReturnType<EdgeBuffer["append"]> {
    return this.#counted(() => super.append(...args));
  }

  override flush(): ReturnType<EdgeBuffer["flush"]> {
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

export { Quota, Region };

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    watchBindings(env);
    if (new URL(request.url).pathname === COUNTS_PATH) {
      countStatement();
      return Response.json(counts);
    }
    counts.workerRequests++;
    return edge.fetch(request, env, ctx);
  },
};
