/**
 * The write-ahead log of one shard of a dataset. An append is answered once its commit is durable. An alarm seals and writes segments out; a crash anywhere repeats the same put of the same bytes.
 */
import { DurableObject } from "cloudflare:workers";
import { unstage } from "../bucket/staged.ts";
import { type StorageEnv, storageSettingsOf } from "../storage-env.ts";
import { tailOf } from "../tail/watch.ts";
import { load } from "./commit.ts";
import { CommitQueue, onlyCounted } from "./commit-queue.ts";
import { type Counts, emptyCounts } from "./counts.ts";
import { Deliveries, type DeliveryStatus } from "./deliveries.ts";
import * as log from "./log.ts";
import { Peers } from "./peers.ts";
import { readPart, type Unflushed, unflushedIn } from "./reading.ts";
import {
  type Append,
  type Appended,
  type Destination,
  forgetOld,
  hasRoom,
  isDue,
  nextDue,
  packedId,
  pendingOf,
  recall,
  type Segment,
  type State,
} from "./segment.ts";
import { type Lease, openWatched, type Watched } from "./watched.ts";
import { type Written, writeOut } from "./write-out.ts";

/** Bytes of appends waiting for their commit, and of the database (the platform allows 10 GB). */
export const PENDING_BYTES_MAX = 16_000_000;
export const STORED_BYTES_MAX = 8_000_000_000;
/** Tries to complete a staged append before its sender is told to come again. */
const COMPLETION_TRIES = 3;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;
/** An alarm that is this late never came. Until then it may be one that waits for the running one, and each setting is a row. */
const ALARM_LATE_MS = 5_000;

/** How an append came here. */
export interface Route {
  shard: number;
  /** Into how many the sender's edge spreads the dataset. */
  shards: number;
  /** Raw bytes of rejected events that the dataset keeps per day. */
  quarantineBytesMax: number;
}

export class Buffer extends DurableObject<StorageEnv> {
  #commits: CommitQueue;
  #destination: Destination | null;
  #gone: boolean;
  #peers: Peers;
  #deliveries: Deliveries;
  #watched: Watched;
  /** Appends whose commit is not durable yet, by id. */
  #waiting = new Map<string, { packed: string; stored: Promise<Appended> }>();
  #pendingBytes = 0;
  #flushing: Promise<unknown> = Promise.resolve();
  /** Failed flushes in a row, and when the next attempt is due; epoch milliseconds. */
  #failures = 0;
  #retryAt = 0;
  /** When this instance knows an alarm to be set. */
  #alarmAt: number | null = null;

  constructor(ctx: DurableObjectState, env: StorageEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    ctx.storage.transactionSync(() => log.createTables(sql));
    const { segmentBytesMax } = this.#settings;
    const abort = (reason: string) => ctx.abort(reason);
    this.#watched = openWatched({
      lease: log.readMeta<Lease>(sql, "watched"),
      show: (destination, portion) => tailOf(this.env, destination).show(portion),
      ended: () => log.writeMeta(sql, "watched", null),
      clock: () => Date.now(),
    });
    const committed: Watched["committed"] = (group, placed) => this.#watched.committed(group, placed);
    this.#commits = new CommitQueue({ storage: ctx.storage, segmentBytesMax, arm: () => this.#arm(), committed, abort });
    forgetOld(this.#state, Date.now(), this.#settings.dedupe);
    this.#destination = log.readMeta(sql, "destination");
    this.#gone = log.readMeta(sql, "gone") ?? false;
    this.#peers = new Peers(sql, env, Date.now());
    this.#deliveries = new Deliveries(sql, () => this.env);
    // an alarm can be lost with a dying instance; without one and without traffic a segment would sleep for ever
    if (this.#state.segments.length > 0 || this.#deliveries.waiting() > 0) ctx.blockConcurrencyWhile(() => this.#arm());
  }

  async append(destination: Destination, append: Append, route: Route): Promise<Appended> {
    if (this.#gone) return "gone";
    if (append.replay && log.wasReplayed(this.ctx.storage.sql, append.replay.id)) return "duplicate";
    const packed = packedId(append.id, append.print);
    const key = packed.slice(0, 32);
    const before = this.#waiting.get(key);
    if (before && before.packed !== packed) return this.#repeated(append, "conflict");
    if (before) {
      // known from its commit on, but this answer too has to wait until that is durable
      const first = await before.stored;
      return first === "busy" ? first : this.#repeated(append, "duplicate");
    }
    const known = recall(this.#state, packed, Date.now(), this.#settings.dedupe);
    if (known === "duplicate" && !(await this.#completed(packed))) return "full";
    if (known !== "new") return this.#repeated(append, known);
    const bytes = append.body.length + (append.quarantine?.body.length ?? 0);
    const crowded = this.#pendingBytes > 0 && this.#pendingBytes + bytes > PENDING_BYTES_MAX;
    if (crowded || !hasRoom(this.#state) || this.ctx.storage.sql.databaseSize > STORED_BYTES_MAX) return this.#turnAway(append);
    this.#settle(destination);
    this.#pendingBytes += bytes;
    const stored = this.#take(append, packed, destination, route);
    this.#waiting.set(key, { packed, stored });
    try {
      const appended = await stored;
      return appended === "stored" || appended === "busy" ? appended : await this.#repeated(append, appended);
    } finally {
      this.#waiting.delete(key);
      this.#pendingBytes -= bytes;
    }
  }

  /** Visible as waiting from here on, so that another shard that is asked about it at the same time knows. */
  async #take(append: Append, packed: string, destination: Destination, route: Route): Promise<Appended> {
    const { dedupe } = this.#settings;
    const asked = this.#peers.ask(destination, append.id, packed, route, dedupe.windowMs);
    const elsewhere = asked === "new" ? asked : await asked;
    if (elsewhere !== "new") return elsewhere;
    const received = append.replay ? 0 : append.received;
    const counts = { ...emptyCounts(), received, stored: append.rows, refused: append.refused };
    await this.#commits.add({ append, packed, token: append.token, counts, quarantineBytesMax: route.quarantineBytesMax });
    return append.staged.length === 0 || (await this.#completed(packed)) ? "stored" : "busy";
  }

  /** What another shard wants to know of an append that may have come here first. */
  async recallFor(packed: string): Promise<Appended | "new"> {
    const before = this.#waiting.get(packed.slice(0, 32));
    return before ? "busy" : recall(this.#state, packed, Date.now(), this.#settings.dedupe);
  }

  /** The numbers of shards in use, once all shards of the dataset have learnt of this one. Asked of shard 0. */
  layouts(destination: Destination, shards: number): Promise<number[]> {
    return this.#peers.layouts(destination, shards);
  }

  /** Into how many shards the dataset was ever spread; asked of shard 0. */
  async mostShards(): Promise<number> {
    return this.#peers.most;
  }

  async learnLayouts(numbers: number[]): Promise<void> {
    this.#peers.learn(numbers, Date.now());
  }

  /** Counts what never came to an append, such as a body that was refused whole. */
  async count(destination: Destination, token: string, counts: Counts): Promise<void> {
    if (this.#gone) return;
    this.#settle(destination);
    await this.#commits.add(onlyCounted(token, counts));
  }

  /** By token id: what became of all that was ever sent to this shard. */
  async counters(): Promise<{ token: string; counts: Counts }[]> {
    if (this.#commits.hasTurnedAway) await this.#commits.add(onlyCounted("", emptyCounts()));
    return [...this.#commits.held.counters].flatMap(([token, counts]) => (token === "" ? [] : [{ token, counts }]));
  }

  /** A repeated append is counted before it is answered, as every other outcome is. */
  async #repeated(append: Append, outcome: Appended): Promise<Appended> {
    if (append.replay) return outcome; // its rows are counted already
    const counts = { ...emptyCounts(), received: append.received };
    if (outcome === "duplicate") counts.deduplicated = append.received;
    else counts.refused = { "idempotency-key-reused": append.received };
    await this.#commits.add(onlyCounted(append.token, counts));
    return outcome;
  }

  #turnAway({ token, received }: Append): Appended {
    this.#commits.turnAway(token, { ...emptyCounts(), received, refused: { overloaded: received } });
    return "full";
  }

  #settle(destination: Destination): void {
    if (this.#destination !== null) return;
    log.writeMeta(this.ctx.storage.sql, "destination", destination);
    this.#destination = destination;
  }

  /** Whether no part of an append is merely staged. */
  async #completed(packed: string): Promise<boolean> {
    const isStaged = () => this.#state.segments.some(({ upload, ids }) => upload !== null && ids.includes(packed));
    for (let left = COMPLETION_TRIES; left > 0 && isStaged(); left--) await this.#flushOnce(() => false).catch(() => {});
    return !isStaged() && recall(this.#state, packed, Date.now(), this.#settings.dedupe) === "duplicate";
  }

  /** Seals what is open and writes out everything; resolves when it is in the bucket, rejects when some of it is not yet. */
  flush(): Promise<Written> {
    return this.#flushOnce(() => true);
  }

  /** Brings what waits to the other sinks, as far as it is due. @returns how many segments still wait. */
  async deliver(): Promise<number> {
    if (this.#destination) await this.#deliveries.run(this.#destination, Date.now);
    await this.#arm();
    return this.#deliveries.waiting();
  }

  /** What waits for the other sinks, and which of them have failed last. */
  async deliveries(): Promise<DeliveryStatus> {
    return this.#deliveries.status();
  }

  /** The owner has chosen other sinks: they are looked up anew. */
  async settingsChanged(): Promise<void> {
    this.#deliveries.forgetSinks();
  }

  /** From when this returns on, whatever is committed is shown to the object that shows the dataset live. */
  async watch(lease: Lease): Promise<void> {
    if (this.#gone) return;
    this.#watched.watch(lease);
    // an instance that begins meanwhile goes on with it
    log.writeMeta(this.ctx.storage.sql, "watched", lease);
  }

  /** What is durable here and not yet in the bucket. */
  async pending(): Promise<{ rows: number; bytes: number }> {
    return pendingOf(this.#state);
  }

  /** The segments of events that are not in the bucket, as they are now; answered once all of it is durable. */
  async unflushed(): Promise<Unflushed[]> {
    return unflushedIn(this.#state);
  }

  /** A part of one of them, at most PART_BYTES_MAX of it; null: it is not here any more. */
  async readUnflushed(id: string, from: number, to: number): Promise<Uint8Array | null> {
    return readPart(this.ctx.storage.sql, this.#state, id, from, to);
  }

  /** Looks after the alarm: one that was lost is set again at the start that this call is. */
  async poke(): Promise<void> {
    await this.#arm();
  }

  /** Forgets everything, for good: the dataset is gone, and whoever still knows its id is told so. */
  async purge(): Promise<void> {
    this.#gone = true;
    await this.#flushing;
    const { sql } = this.ctx.storage;
    const uploads = this.#state.segments.flatMap(({ id, upload }) => (upload ? [{ id, uploadId: upload.uploadId }] : []));
    if (this.#destination) await unstage(this.env.SEGMENTS, this.#destination, uploads);
    this.ctx.storage.transactionSync(() => {
      log.writeMeta(sql, "gone", true);
      log.clear(sql, this.#state);
    });
    this.#commits.held = load(sql);
  }

  /** Never throws: the runtime gives up on an alarm after a few failures, and this one must not be given up. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    const { segmentBytesMax, flushAfterMs } = this.#settings;
    const now = Date.now();
    await this.#flushOnce((segment) => isDue(segment, now, segmentBytesMax, flushAfterMs)).catch(() => {});
  }

  /** One flush at a time: a segment must not be put by two of them, nor dropped under one. */
  #flushOnce(which: (segment: Segment) => boolean): Promise<Written> {
    const flush = async () => {
      try {
        const written = await writeOut(
          this.ctx.storage,
          () => this.#state,
          which,
          this.#destination as Destination,
          this.env,
          this.#deliveries,
        );
        this.#failures = 0;
        this.#retryAt = 0;
        return written;
      } catch (error) {
        const delay = Math.min(RETRY_FIRST_MS * 2 ** this.#failures++, RETRY_LAST_MS);
        this.#retryAt = Date.now() + delay;
        console.error("flush failed", this.#destination?.datasetId, `attempt ${this.#failures}, next in ${delay} ms`, String(error));
        throw error;
      } finally {
        // begun first: while it runs, no alarm is needed for what it has in hand
        if (this.#deliveries.waiting() > 0) this.ctx.waitUntil(this.deliver());
        await this.#arm();
      }
    };
    const flushed = this.#flushing.then(flush);
    this.#flushing = flushed.catch(() => {});
    return flushed;
  }

  get #state(): State {
    return this.#commits.held.state;
  }

  get #settings() {
    return storageSettingsOf(this.env);
  }

  /** Sets the alarm for when the next segment is due, unless one is set that comes in time. */
  async #arm(): Promise<void> {
    const { segmentBytesMax, flushAfterMs } = this.#settings;
    const now = Date.now();
    const flushAt = nextDue(this.#state, now, segmentBytesMax, flushAfterMs);
    const deliverAt = this.#deliveries.nextDue(now);
    if (flushAt === null && deliverAt === null) return;
    const due = Math.min(
      flushAt === null ? Number.POSITIVE_INFINITY : Math.max(flushAt, this.#retryAt),
      deliverAt ?? Number.POSITIVE_INFINITY,
    );
    if (this.#alarmAt !== null && now - this.#alarmAt < ALARM_LATE_MS && this.#alarmAt <= due) return;
    this.#alarmAt = due;
    await this.ctx.storage.setAlarm(due);
  }
}
