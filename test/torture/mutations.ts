/**
 * The faults that `npm run torture -- --mutants` must catch, each an edit of the real source. A text stands exactly once in its file, or
 * the build fails: whoever changes the code changes it here too.
 */
import type { Mutation } from "./mutate.ts";

const BUFFER = "src/edge/buffer/buffer.ts";
const LOG = "src/edge/buffer/log.ts";
const SEGMENT = "src/edge/buffer/segment.ts";
const SHARD = "src/edge/buffer/shard.ts";

/** The transaction that drops what is in the sink. */
const DROP = "this.ctx.storage.transactionSync(() => log.forget(sql, segment, now));";

export const MUTATIONS: Mutation[] = [
  {
    name: "no duplicate is recognised",
    edits: [{ file: BUFFER, find: "if (isKnown(this.#state, id, Date.now()))", replace: "if (isKnown(this.#state, id, Infinity))" }],
  },
  {
    name: "a new key at each attempt",
    edits: [
      {
        file: BUFFER,
        find: "objectKey(destination, segment.id)",
        replace: "objectKey(destination, segmentId(Date.now(), randomBytes(10)))",
      },
    ],
  },
  {
    // two shards count alike, as one does again after its database was restored or emptied
    name: "a key from a counter",
    edits: [
      {
        file: BUFFER,
        find: "objectKey(destination, segment.id)",
        replace: 'objectKey(destination, segment.id.slice(0, 4) + String(segment.n).padStart(22, "0"))',
      },
    ],
  },
  {
    name: "dropped before it is put",
    edits: [
      {
        file: BUFFER,
        find: "await sink.write(",
        replace: `const body = log.readBody(sql, segment), now = Date.now(); ${DROP} flushed(this.#state, segment, now); await sink.write(`,
      },
      { file: BUFFER, find: "body: log.readBody(sql, segment) }", replace: "body }" },
      { file: BUFFER, find: `const now = Date.now(); ${DROP}`, replace: "" },
    ],
  },
  {
    name: "appends go into a sealed segment",
    edits: [{ file: BUFFER, find: "openSegment(this.#state) ??", replace: "this.#state.segments.at(-1) ??" }],
  },
  {
    name: "the seal is kept in memory only",
    edits: [{ file: BUFFER, find: "log.markSealed(this.ctx.storage.sql, segment.n);", replace: "" }],
  },
  {
    name: "ids are dropped with their segment",
    edits: [{ file: SEGMENT, find: "state.known.set(id, now);", replace: "" }],
  },
  {
    name: "ids of flushed segments are kept in memory only",
    edits: [
      {
        file: LOG,
        find: 'sql.exec("INSERT INTO seen (n, at, ids) VALUES (?, ?, ?)", n, now, Buffer.from(ids.join(""), "hex"));',
        replace: "",
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
      { file: BUFFER, find: "await stored;", replace: "stored.catch(() => {});" },
      { file: BUFFER, find: "this.#committing = true;", replace: "this.#committing = true; await scheduler.wait(100);" },
    ],
  },
  {
    name: "the alarm is not set again after a failure",
    edits: [
      { file: BUFFER, find: "} finally { await this.#arm(); }", replace: "}" },
      {
        file: BUFFER,
        find: "const written = await this.#writeSealed();",
        replace: "const written = await this.#writeSealed(); await this.#arm();",
      },
    ],
  },
];
