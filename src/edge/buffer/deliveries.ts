/**
 * From the bucket to the other sinks of a dataset. A segment that is in the bucket waits here, as a row and not as bytes, until each
 * required sink has it: a sink that is away for days fills nothing, and one that is slow holds up neither the log nor other sinks.
 */
import type { SinkSettings } from "../../access/dataset-settings.ts";
import { open, sinkSecretContext } from "../../access/seal.ts";
import { buryDead } from "../sinks/dead.ts";
import { openSink } from "../sinks/index.ts";
import { readObject } from "../sinks/r2.ts";
import { type SealedSegment, SinkFailure } from "../sinks/sink.ts";
import { type StorageEnv, storageSettingsOf } from "../storage-env.ts";
import { within } from "../within.ts";
import * as log from "./log.ts";
import { objectKey } from "./object-key.ts";
import type { Destination, Segment } from "./segment.ts";

/** How long a dataset's sinks are believed before they are asked for again; a new sink gets what is written out after that. */
const SETTINGS_AGE_MAX_MS = 60_000;
const SETTINGS_TIMEOUT_MS = 2_000;
/** How often an alarm looks after what runs: if it died with its object, it is then begun again. */
const LOOK_AFTER_MS = 15_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;

export interface DeliveryStatus {
  waiting: number;
  /** `nextTry` in epoch milliseconds. */
  failing: { sink: string; error: string; nextTry: number }[];
}

interface Row extends Record<string, SqlStorageValue> {
  n: number;
  segment: string;
}

type Facts = Omit<Segment, "n" | "kind" | "sealed" | "upload" | "ids">;

interface Failing {
  sink: string;
  error: string;
  nextTry: number;
  /** Failures in a row. */
  times: number;
}

export class Deliveries {
  #sql: SqlStorage;
  #env: () => StorageEnv;
  #known: { at: number; sinks: SinkSettings[] } | null = null;
  /** When the sinks may be looked up again after nobody could say; epoch milliseconds. */
  #lookUpAt = 0;
  /** By slot: what is under way, and what has failed. */
  #running = new Map<number, Promise<void>>();
  #failing: Map<number, Failing>;

  constructor(sql: SqlStorage, env: () => StorageEnv) {
    this.#sql = sql;
    this.#env = env;
    // kept, or each start would come before a sink has asked to be tried again
    this.#failing = new Map(log.readMeta<[number, Failing][]>(sql, "failing") ?? []);
  }

  /** Whether segments have to be brought anywhere; also where nobody can tell. */
  async wanted(destination: Destination): Promise<boolean> {
    const sinks = await this.#sinks(destination);
    return sinks === null || sinks.length > 0;
  }

  /** Takes a segment on, in the transaction that drops it from the log. */
  plan({ id, rows, rawBytes, bytes, minTime, maxTime, createdAt }: Segment): void {
    const facts: Facts = { id, rows, rawBytes, bytes, minTime, maxTime, createdAt };
    this.#sql.exec("INSERT INTO delivery (segment, done) VALUES (?, 0)", JSON.stringify(facts));
  }

  /** When a run is due, epoch milliseconds; null when nothing waits. */
  nextDue(now: number): number | null {
    if (this.waiting() === 0) return null;
    const times = (this.#known?.sinks ?? []).map(({ slot }) =>
      this.#running.has(slot) ? now + LOOK_AFTER_MS : (this.#failing.get(slot)?.nextTry ?? now),
    );
    return times.length === 0 ? Math.max(now, this.#lookUpAt) : Math.min(...times);
  }

  status(): DeliveryStatus {
    return { waiting: this.waiting(), failing: [...this.#failing.values()].map(({ sink, error, nextTry }) => ({ sink, error, nextTry })) };
  }

  waiting(): number {
    return this.#sql.exec<{ waiting: number }>("SELECT count(*) AS waiting FROM delivery").one().waiting;
  }

  forgetSinks(): void {
    this.#known = null;
    this.#lookUpAt = 0;
    this.#note(() => this.#failing.clear());
  }

  #note(change: () => void): void {
    change();
    log.writeMeta(this.#sql, "failing", [...this.#failing]);
  }

  /** Begins with each sink that may be tried, and waits for all that is under way. Never throws: what failed is tried again. */
  async run(destination: Destination, now: () => number): Promise<void> {
    if (this.waiting() === 0) return;
    const sinks = await this.#sinks(destination);
    if (sinks === null) {
      this.#lookUpAt = now() + RETRY_LAST_MS;
      return;
    }
    const all = sinks.reduce((bits, { slot }) => bits | (1 << slot), 0);
    this.#dropDone(all); // what waited for sinks that are no more
    for (const sink of sinks) {
      if (this.#running.has(sink.slot) || (this.#failing.get(sink.slot)?.nextTry ?? 0) > now()) continue;
      const running = this.#feed(sink, all, destination, now)
        .catch((error) => console.error("delivery failed", destination.datasetId, sink.name, String(error)))
        .finally(() => this.#running.delete(sink.slot));
      this.#running.set(sink.slot, running);
    }
    await Promise.all(this.#running.values());
  }

  /** Brings one sink all that it lacks, the oldest first, up to the first that does not pass. One that is not required passes over it. */
  async #feed(settings: SinkSettings, all: number, destination: Destination, now: () => number): Promise<void> {
    const { slot, required } = settings;
    const bit = 1 << slot;
    for (;;) {
      const [row] = this.#sql.exec<Row>("SELECT n, segment FROM delivery WHERE done & ? = 0 ORDER BY n LIMIT 1", bit).toArray();
      if (!row) return;
      const passed = await this.#bring(settings, row, destination, now);
      if (!passed && required) return;
      const rows = passed ? "n = ?" : "n >= ?"; // of an optional sink that fails, what waits now is given up
      this.#sql.exec(`UPDATE delivery SET done = done | ? WHERE ${rows}`, bit, row.n);
      this.#dropDone(all);
    }
  }

  #dropDone(all: number): void {
    this.#sql.exec("DELETE FROM delivery WHERE done & ? = ?", all, all);
  }

  async #bring(settings: SinkSettings, row: Row, destination: Destination, now: () => number): Promise<boolean> {
    const { name, slot } = settings;
    const facts = JSON.parse(row.segment) as Facts;
    const key = objectKey(destination, facts.id);
    try {
      const body = await readObject(this.#env().SEGMENTS, key);
      // trimmed meanwhile: there is nothing left to bring
      if (body) await this.#write(settings, { ...facts, key, destination, body });
      if (this.#failing.has(slot)) this.#note(() => this.#failing.delete(slot));
      return true;
    } catch (error) {
      const { retryAfterMs = null, message = "internal error" } = error instanceof SinkFailure ? error : {};
      const times = (this.#failing.get(slot)?.times ?? 0) + 1;
      const nextTry = now() + Math.max(retryAfterMs ?? 0, Math.min(RETRY_FIRST_MS * 2 ** (times - 1), RETRY_LAST_MS));
      this.#note(() => this.#failing.set(slot, { sink: name, error: message, nextTry, times }));
      console.error("sink failed", destination.datasetId, name, facts.id, String(error));
      return false;
    }
  }

  /** What a sink will never take is laid aside under its name, and counts as brought. */
  async #write(settings: SinkSettings, segment: SealedSegment): Promise<void> {
    try {
      await openSink(this.#opened(settings, segment.destination), (...args) => fetch(...args)).write(segment);
    } catch (error) {
      if (!(error instanceof SinkFailure) || !error.permanent) throw error;
      console.error("sink refuses a segment for ever", segment.destination.datasetId, settings.name, segment.id, error.message);
      await buryDead(this.#env().SEGMENTS, segment, settings.name, error.message);
    }
  }

  #opened(settings: SinkSettings, { datasetId }: Destination): SinkSettings {
    const { sealKeys } = storageSettingsOf(this.#env());
    const secrets = Object.entries(settings.secrets).map(([secret, sealed]) => [
      secret,
      open(sealed, sealKeys, sinkSecretContext(datasetId, settings.name, secret)),
    ]);
    return { ...settings, secrets: Object.fromEntries(secrets) };
  }

  /** As management says, else as it last said; null when it never said anything. */
  async #sinks({ datasetId }: Destination): Promise<SinkSettings[] | null> {
    const now = Date.now();
    if (this.#known && now - this.#known.at < SETTINGS_AGE_MAX_MS) return this.#known.sinks;
    const before = this.#known?.sinks ?? log.readMeta<SinkSettings[]>(this.#sql, "sinks");
    try {
      const settings = await within(SETTINGS_TIMEOUT_MS, this.#env().AUTHORITY.lookUpSettings(datasetId));
      const sinks = settings?.sinks ?? [];
      if (JSON.stringify(sinks) !== JSON.stringify(before)) log.writeMeta(this.#sql, "sinks", sinks);
      this.#known = { at: now, sinks };
      return sinks;
    } catch (error) {
      console.warn("sinks not looked up", datasetId, String(error));
      if (before) this.#known = { at: now, sinks: before };
      return before;
    }
  }
}
