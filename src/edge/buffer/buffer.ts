/**
 * The write-ahead log of one shard of a dataset. An append is answered once its commit is durable; whatever queues while one commit
 * runs becomes the next one. An alarm seals and writes segments out; a crash anywhere repeats the same put of the same bytes.
 */
import { DurableObject } from "cloudflare:workers";
import { Buffer as Bytes } from "node:buffer";
import { randomBytes } from "node:crypto";
import { type EdgeEnv, settingsOf } from "../env.ts";
import { sinkOf } from "../sinks/index.ts";
import * as log from "./log.ts";
import { joined, membersOf } from "./members.ts";
import {
  type Append,
  type Appended,
  add,
  COMMIT_APPENDS_MAX,
  committed,
  type Destination,
  emptyTally,
  flushed,
  forgetOld,
  hasRoom,
  intoRows,
  isDue,
  isFull,
  isKnown,
  nextDue,
  objectKey,
  openSegment,
  pendingOf,
  type Segment,
  type State,
  segmentId,
} from "./segment.ts";

/** Bytes of appends waiting for their commit, and of the database (the platform allows 10 GB). */
export const PENDING_BYTES_MAX = 16_000_000;
export const STORED_BYTES_MAX = 8_000_000_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;
/** An alarm that is this late never came. Until then it may be one that waits for the running one, and each setting is a row. */
const ALARM_LATE_MS = 5_000;

interface Waiting {
  append: Append;
  id: string;
  settle: { resolve(): void; reject(error: unknown): void };
}

export class Buffer extends DurableObject<EdgeEnv> {
  #state: State;
  #destination: Destination | null;
  #queue: Waiting[] = [];
  #waiting = new Map<string, Promise<void>>();
  #pendingBytes = 0;
  #committing = false;
  #flushing: Promise<unknown> = Promise.resolve();
  /** Failed flushes in a row, and when the next attempt is due; epoch milliseconds. */
  #failures = 0;
  #retryAt = 0;
  /** When this instance knows an alarm to be set. */
  #alarmAt: number | null = null;

  constructor(ctx: DurableObjectState, env: EdgeEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    ctx.storage.transactionSync(() => log.createTables(sql));
    this.#state = log.loadState(sql);
    forgetOld(this.#state, Date.now());
    this.#destination = log.readDestination(sql);
    // an alarm can be lost with a dying instance; without one and without traffic a segment would sleep for ever
    if (this.#state.segments.length > 0) ctx.blockConcurrencyWhile(() => this.#arm());
  }

  async append(destination: Destination, append: Append): Promise<Appended> {
    const id = hex(append.id);
    const before = this.#waiting.get(id);
    if (before) {
      // known from its commit on, but this answer too has to wait until that is durable
      await before;
      return "duplicate";
    }
    if (isKnown(this.#state, id, Date.now())) return "duplicate";
    const { length } = append.body;
    const crowded = this.#pendingBytes > 0 && this.#pendingBytes + length > PENDING_BYTES_MAX;
    if (crowded || !hasRoom(this.#state) || this.ctx.storage.sql.databaseSize > STORED_BYTES_MAX) return "full";
    if (this.#destination === null) {
      log.writeDestination(this.ctx.storage.sql, destination);
      this.#destination = destination;
    }
    const stored = new Promise<void>((resolve, reject) => this.#queue.push({ append, id, settle: { resolve, reject } }));
    this.#waiting.set(id, stored);
    this.#pendingBytes += length;
    // memory that cannot be brought back to what the disk holds must not go on: the next call starts from the disk
    if (!this.#committing) void this.#commitQueue().catch((error) => this.ctx.abort(String(error)));
    try {
      await stored;
      return "stored";
    } finally {
      this.#waiting.delete(id);
      this.#pendingBytes -= length;
    }
  }

  async #commitQueue(): Promise<void> {
    this.#committing = true;
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, COMMIT_APPENDS_MAX);
      try {
        this.ctx.storage.transactionSync(() => this.#commit(group, Date.now()));
        // no await between the commit and the alarm: they become durable together
        const armed = this.#arm();
        await Promise.all([armed, this.ctx.storage.sync()]);
        for (const { settle } of group) settle.resolve();
      } catch (error) {
        for (const { settle } of group) settle.reject(error);
        this.#state = log.loadState(this.ctx.storage.sql);
      }
    }
    this.#committing = false;
  }

  /**
   * One transaction: the group's members in rows, the ids with the first of them. Memory follows the disk, never leads it. A full
   * segment is sealed here and not by the alarm, or it would grow past what memory holds while the sink is away.
   */
  #commit(group: Waiting[], now: number): void {
    const { sql } = this.ctx.storage;
    const segment = openSegment(this.#state) ?? this.#open(now);
    const tally = group.map(({ append }) => ({ ...append, bytes: 0 })).reduce(add, emptyTally());
    const rows = intoRows(membersOf(group.map(({ append }) => append)));
    for (const [index, pieces] of rows.entries()) {
      const body = joined(pieces);
      const first = index === 0;
      log.insertCommit(sql, segment.n, {
        tally: first ? tally : emptyTally(),
        ids: first ? group.map(({ append }) => append.id) : [],
        body,
      });
      tally.bytes += body.length;
    }
    committed(
      this.#state,
      segment,
      group.map(({ id }) => id),
      tally,
    );
    this.#seal((each) => isFull(each, this.#settings.segmentBytesMax));
  }

  #open(now: number): Segment {
    const segment = log.insertSegment(this.ctx.storage.sql, segmentId(now, randomBytes(10)), now);
    this.#state.segments.push(segment);
    return segment;
  }

  /** Seals what is open and writes out everything; resolves when it is in the sink, rejects when some of it is not yet. */
  flush(): Promise<{ segments: number; rows: number }> {
    return this.#flushOnce(() => true);
  }

  /** What is durable here and not yet in the sink. */
  async pending(): Promise<{ rows: number; bytes: number }> {
    return pendingOf(this.#state);
  }

  /** Looks after the alarm: one that was lost is set again at the start that this call is. */
  async poke(): Promise<void> {
    await this.#arm();
  }

  /** Forgets everything, for good: the dataset is gone, and whoever still knows its id is told so. */
  async purge(): Promise<void> {
    await this.#flushing;
    this.ctx.storage.transactionSync(() => log.clear(this.ctx.storage.sql));
    this.#state = log.loadState(this.ctx.storage.sql);
  }

  /** Never throws: the runtime gives up on an alarm after a few failures, and this one must not be given up. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    const { segmentBytesMax, flushAfterMs } = this.#settings;
    const now = Date.now();
    await this.#flushOnce((segment) => isDue(segment, now, segmentBytesMax, flushAfterMs)).catch(() => {});
  }

  /** One flush at a time: a segment must not be put by two of them, nor dropped under one. */
  #flushOnce(which: (segment: Segment) => boolean): Promise<{ segments: number; rows: number }> {
    const flush = async () => {
      try {
        this.#seal(which);
        const written = await this.#writeSealed();
        this.#failures = 0;
        this.#retryAt = 0;
        return written;
      } catch (error) {
        const delay = Math.min(RETRY_FIRST_MS * 2 ** this.#failures++, RETRY_LAST_MS);
        this.#retryAt = Date.now() + delay;
        console.error("flush failed", this.#destination?.datasetId, `attempt ${this.#failures}, next in ${delay} ms`, String(error));
        throw error;
      } finally {
        await this.#arm();
      }
    };
    const flushed = this.#flushing.then(flush);
    this.#flushing = flushed.catch(() => {});
    return flushed;
  }

  get #settings() {
    return settingsOf(this.env);
  }

  #seal(which: (segment: Segment) => boolean): void {
    for (const segment of this.#state.segments) {
      if (segment.sealed || !which(segment)) continue;
      log.markSealed(this.ctx.storage.sql, segment.n);
      segment.sealed = true;
    }
  }

  async #writeSealed(): Promise<{ segments: number; rows: number }> {
    const written = { segments: 0, rows: 0 };
    const { sql } = this.ctx.storage;
    const sink = sinkOf(this.env);
    for (const segment of this.#state.segments.filter(({ sealed }) => sealed)) {
      const destination = this.#destination as Destination;
      await sink.write({ ...segment, key: objectKey(destination, segment.id), destination, body: log.readBody(sql, segment) });
      const now = Date.now();
      this.ctx.storage.transactionSync(() => log.forget(sql, segment, now));
      flushed(this.#state, segment, now);
      written.segments++;
      written.rows += segment.rows;
    }
    return written;
  }

  /** Sets the alarm for when the next segment is due, unless one is set that comes in time. */
  async #arm(): Promise<void> {
    const { segmentBytesMax, flushAfterMs } = this.#settings;
    const now = Date.now();
    const nextAt = nextDue(this.#state, now, segmentBytesMax, flushAfterMs);
    if (nextAt === null) return;
    const due = Math.max(nextAt, this.#retryAt);
    if (this.#alarmAt !== null && now - this.#alarmAt < ALARM_LATE_MS && this.#alarmAt <= due) return;
    this.#alarmAt = due;
    await this.ctx.storage.setAlarm(due);
  }
}

function hex(id: Uint8Array): string {
  return Bytes.from(id).toString("hex");
}
