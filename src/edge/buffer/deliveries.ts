/**
 * From the bucket to the other sinks of a dataset. A segment that is in the bucket waits here, as a row and not as bytes, until each
 * required sink has it: a sink that is away for days fills nothing, and one that is slow holds up neither the log nor other sinks.
 */
import type { DatasetSettings, SinkSettings } from "../../access/dataset-settings.ts";
import { open, sinkSecretContext } from "../../access/seal.ts";
import { type EdgeEnv, settingsOf } from "../env.ts";
import { buryDead } from "../sinks/dead.ts";
import { openSink } from "../sinks/index.ts";
import { readObject } from "../sinks/r2.ts";
import { SinkFailure } from "../sinks/sink.ts";
import * as log from "./log.ts";
import { objectKey } from "./object-key.ts";
import type { Destination, Segment } from "./segment.ts";

/** How long a dataset's sinks are believed before they are asked for again; a new sink gets what is written out after that. */
const SETTINGS_AGE_MAX_MS = 60_000;
const SETTINGS_TIMEOUT_MS = 2_000;
/** Segments taken up at a time. */
const DELIVERIES_PER_RUN = 32;
/** How often an alarm looks after a run: one that died with its object is then taken up again. */
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
  done: number;
  attempts: number;
}

type Facts = Omit<Segment, "n" | "kind" | "sealed" | "upload" | "ids">;

export class Deliveries {
  #sql: SqlStorage;
  #env: () => EdgeEnv;
  #known: { at: number; sinks: SinkSettings[] } | null = null;
  #running: Promise<void> | null = null;
  #lookAt = 0;
  /** By slot: sinks that have failed, and until when each is left alone. */
  #failing = new Map<number, DeliveryStatus["failing"][number]>();

  constructor(sql: SqlStorage, env: () => EdgeEnv) {
    this.#sql = sql;
    this.#env = env;
  }

  /** Whether segments have to be brought anywhere; also where nobody can tell. */
  async wanted(destination: Destination): Promise<boolean> {
    const sinks = await this.#sinks(destination);
    return sinks === null || sinks.length > 0;
  }

  /** Takes a segment on, in the transaction that drops it from the log. */
  plan({ id, rows, rawBytes, bytes, minTime, maxTime, createdAt }: Segment, now: number): void {
    const facts: Facts = { id, rows, rawBytes, bytes, minTime, maxTime, createdAt };
    this.#sql.exec("INSERT INTO delivery (segment, done, attempts, due) VALUES (?, 0, 0, ?)", JSON.stringify(facts), now);
  }

  /** When a run is due, epoch milliseconds; null when nothing waits. */
  nextDue(): number | null {
    const { due } = this.#sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM delivery").one();
    return due === null ? null : Math.max(due, this.#running ? this.#lookAt : 0);
  }

  status(): DeliveryStatus {
    return { waiting: this.waiting(), failing: [...this.#failing.values()] };
  }

  forgetSinks(): void {
    this.#known = null;
    this.#failing.clear();
  }

  waiting(): number {
    return this.#sql.exec<{ waiting: number }>("SELECT count(*) AS waiting FROM delivery").one().waiting;
  }

  /** One run at a time; whoever asks meanwhile waits for it. Never throws: what failed stands in the table. */
  run(destination: Destination, now: () => number): Promise<void> {
    this.#lookAt = now() + LOOK_AFTER_MS;
    this.#running ??= this.#runOnce(destination, now)
      .catch((error) => console.error("deliveries failed", destination.datasetId, String(error)))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  async #runOnce(destination: Destination, now: () => number): Promise<void> {
    const rows = this.#sql
      .exec<Row>("SELECT n, segment, done, attempts FROM delivery WHERE due <= ? ORDER BY n LIMIT ?", now(), DELIVERIES_PER_RUN)
      .toArray();
    if (rows.length === 0) return;
    const sinks = await this.#sinks(destination);
    if (sinks === null) {
      for (const row of rows) this.#again(row, [], now());
      return;
    }
    await Promise.all(sinks.map((sink) => this.#bring(sink, rows, destination, now)));
    for (const row of rows) {
      const missing = sinks.filter(({ required, slot }) => required && !isDone(row, slot));
      if (missing.length > 0) this.#again(row, missing, now());
      else this.#sql.exec("DELETE FROM delivery WHERE n = ?", row.n);
    }
  }

  /** Brings segments to one sink, in order, up to the first that does not pass; the sink is then left alone for a while. */
  async #bring(settings: SinkSettings, rows: Row[], destination: Destination, now: () => number): Promise<void> {
    const { name, slot } = settings;
    if ((this.#failing.get(slot)?.nextTry ?? 0) > now()) return;
    for (const row of rows) {
      if (isDone(row, slot)) continue;
      const facts = JSON.parse(row.segment) as Facts;
      const key = objectKey(destination, facts.id);
      try {
        const body = await readObject(this.#env().SEGMENTS, key);
        // trimmed meanwhile: there is nothing left to bring
        if (body) await this.#write(settings, { ...facts, key, destination, body });
      } catch (error) {
        const { retryAfterMs = null } = error instanceof SinkFailure ? error : {};
        console.error("sink failed", destination.datasetId, name, String(error));
        const nextTry = now() + Math.max(retryAfterMs ?? 0, pauseAfter(row.attempts));
        this.#failing.set(slot, { sink: name, error: error instanceof SinkFailure ? error.message : "internal error", nextTry });
        return;
      }
      // it is back: what has waited longest need not wait for its own turn
      if (this.#failing.delete(slot)) this.#sql.exec("UPDATE delivery SET due = ?, attempts = 0", now());
      row.done |= 1 << slot;
      this.#sql.exec("UPDATE delivery SET done = done | ? WHERE n = ?", 1 << slot, row.n);
    }
  }

  /** What a sink will never take is laid aside under its name, and counts as brought. */
  async #write(settings: SinkSettings, segment: Parameters<ReturnType<typeof openSink>["write"]>[0]): Promise<void> {
    try {
      await openSink(this.#opened(settings, segment.destination), (...args) => fetch(...args)).write(segment);
    } catch (error) {
      if (!(error instanceof SinkFailure) || !error.permanent) throw error;
      console.error("sink refuses a segment for ever", segment.destination.datasetId, settings.name, segment.id, error.message);
      await buryDead(this.#env().SEGMENTS, segment, settings.name, error.message);
    }
  }

  #opened(settings: SinkSettings, { datasetId }: Destination): SinkSettings {
    const { sealKeys } = settingsOf(this.#env());
    const secrets = Object.entries(settings.secrets).map(([secret, sealed]) => [
      secret,
      open(sealed, sealKeys, sinkSecretContext(datasetId, settings.name, secret)),
    ]);
    return { ...settings, secrets: Object.fromEntries(secrets) };
  }

  /** As soon as one of the sinks that miss the segment may be tried. */
  #again({ n, attempts }: Row, missing: SinkSettings[], now: number): void {
    const due = Math.min(...missing.map(({ slot }) => this.#failing.get(slot)?.nextTry ?? now));
    const at = Number.isFinite(due) && due > now ? due : now + pauseAfter(attempts);
    this.#sql.exec("UPDATE delivery SET attempts = attempts + 1, due = ? WHERE n = ?", at, n);
  }

  /** As management says, else as it last said; null when it never said anything. */
  async #sinks({ datasetId }: Destination): Promise<SinkSettings[] | null> {
    const now = Date.now();
    if (this.#known && now - this.#known.at < SETTINGS_AGE_MAX_MS) return this.#known.sinks;
    const before = this.#known?.sinks ?? log.readMeta<SinkSettings[]>(this.#sql, "sinks");
    try {
      const settings = await inTime(this.#env().AUTHORITY.lookUpSettings(datasetId));
      const sinks = settings?.sinks ?? [];
      if (JSON.stringify(sinks) !== JSON.stringify(before)) log.writeMeta(this.#sql, "sinks", sinks);
      this.#known = { at: now, sinks };
      return sinks;
    } catch (error) {
      console.warn("sinks not looked up", datasetId, String(error));
      return before;
    }
  }
}

function pauseAfter(attempts: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** attempts, RETRY_LAST_MS);
}

function isDone({ done }: Row, slot: number): boolean {
  return (done & (1 << slot)) !== 0;
}

async function inTime(lookUp: Promise<DatasetSettings | null>): Promise<DatasetSettings | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${SETTINGS_TIMEOUT_MS} ms`)), SETTINGS_TIMEOUT_MS);
  });
  try {
    return await Promise.race([lookUp, late]);
  } finally {
    clearTimeout(timer);
  }
}
