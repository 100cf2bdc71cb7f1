/**
 * The faults that `npm run torture -- --mutants` must catch, each an edit of the real source. A text stands exactly once in its file, or
 * the build fails: whoever changes the code changes it here too.
 */
import type { Mutation } from "./mutate.ts";

const BUFFER = "src/edge/buffer/buffer.ts";
const COMMIT = "src/edge/buffer/commit.ts";
const QUEUE = "src/edge/buffer/commit-queue.ts";
const LOG = "src/edge/buffer/log.ts";
const SEGMENT = "src/edge/buffer/segment.ts";
const SHARD = "src/edge/buffer/shard.ts";
const WRITE_OUT = "src/edge/buffer/write-out.ts";

const KEY = "objectKey(destination, segment.id, segment.kind)";

export const MUTATIONS: Mutation[] = [
  {
    name: "no duplicate is recognised",
    edits: [
      {
        file: BUFFER,
        find: "const known = recall(this.#state, packed, Date.now(), this.#settings.dedupe);",
        replace: 'const known = "new";',
      },
    ],
  },
  {
    name: "a new key at each attempt",
    edits: [
      {
        file: WRITE_OUT,
        find: KEY,
        replace:
          "objectKey(destination, segment.upload ? segment.id : segmentId(Date.now(), crypto.getRandomValues(new Uint8Array(10))), segment.kind)",
      },
      {
        file: WRITE_OUT,
        find: 'import * as log from "./log.ts";',
        replace: 'import * as log from "./log.ts"; import { segmentId } from "./object-key.ts";',
      },
    ],
  },
  {
    // two shards count alike, as one does again after its database was restored or emptied
    name: "a key from a counter",
    edits: [
      {
        file: WRITE_OUT,
        find: KEY,
        replace:
          'objectKey(destination, segment.upload ? segment.id : segment.id.slice(0, 4) + String(segment.n).padStart(22, "0"), segment.kind)',
      },
    ],
  },
  {
    name: "dropped before it is put",
    edits: [
      {
        file: WRITE_OUT,
        find: "if (!(await put(storage, held, segment, destination, env))) continue;",
        replace:
          "if (segment.upload && !(await put(storage, held, segment, destination, env))) continue; const body = segment.upload ? null : log.readBody(sql, segment);",
      },
      {
        file: WRITE_OUT,
        find: "flushed(held(), segment, now, { windowMs, idsMax });",
        replace: `flushed(held(), segment, now, { windowMs, idsMax }); if (body) await sinkOf(env).write({ ...segment, key: ${KEY}, destination, body });`,
      },
    ],
  },
  {
    name: "appends go into a sealed segment",
    edits: [
      {
        file: COMMIT,
        find: "openSegment(state, kind) ??",
        replace: "state.segments.findLast((segment) => segment.kind === kind && !segment.upload) ??",
      },
    ],
  },
  {
    name: "the seal is kept in memory only",
    edits: [
      { file: WRITE_OUT, find: "log.markSealed(sql, segment.n);", replace: "" },
      { file: COMMIT, find: "log.markSealed(sql, segment.n);", replace: "" },
    ],
  },
  {
    name: "ids are dropped with their segment",
    edits: [
      {
        file: SEGMENT,
        find: "for (const id of segment.ids) remember(state, id, now);",
        replace: "for (const id of segment.ids) drop(state, id.slice(0, ID_DIGITS));",
      },
    ],
  },
  {
    name: "ids of flushed segments are kept in memory only",
    edits: [
      {
        file: LOG,
        find: 'sql.exec("INSERT INTO seen (n, at, ids) VALUES (?, ?, ?)", segment.n, now, Buffer.from(segment.ids.join(""), "hex"));',
        replace: ";",
      },
    ],
  },
  {
    name: "the shard is drawn by chance",
    edits: [{ file: SHARD, find: "getUint32(0) % shards", replace: "getUint32(0) * 0 + Math.floor(Math.random() * shards)" }],
  },
  {
    // and the commit collects for a while, as one with a linger would; else the output gate hides the fault
    name: "acknowledged before the commit",
    edits: [
      { file: BUFFER, find: "const appended = await stored;", replace: 'stored.catch(() => {}); const appended = "stored";' },
      { file: QUEUE, find: "this.#committing = true;", replace: "this.#committing = true; await scheduler.wait(100);" },
    ],
  },
  {
    name: "a large append is acknowledged before its uploads are completed, and then forgotten",
    edits: [
      { file: BUFFER, find: "return append.staged.length === 0 || (await this.#completed(packed)) ?", replace: "return true ?" },
      { file: WRITE_OUT, find: "if (!segment.upload) {", replace: "if (segment.upload) return true; else {" },
    ],
  },
  {
    name: "the alarm is not set again after a failure",
    edits: [
      { file: BUFFER, find: "this.ctx.waitUntil(this.deliver()); await this.#arm();", replace: "this.ctx.waitUntil(this.deliver());" },
      { file: BUFFER, find: "return written;", replace: "await this.#arm(); return written;" },
    ],
  },
];
