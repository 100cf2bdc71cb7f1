/**
 * The tables of a buffer. Everything here is synchronous SQLite inside one Durable Object; the runtime holds every answer back until
 * what was written is durable.
 *
 *     seg(n, id, created, sealed)                  segments; one is open at most
 *     w_<n>(seq, rows, raw, min, max, ids, body)   commits of one segment; a body is gzip members, at most ROW_BYTES_MAX
 *     seen(n, at, ids)                             ids of flushed segments, 16 bytes each, for the retry window
 *     destination(json)                            where the events belong
 */

import type { Destination, Segment, State, Tally } from "./segment.ts";
import { emptyState, emptyTally, RETRY_WINDOW_MS } from "./segment.ts";

const ID_BYTES = 16;

export interface CommitRow {
  tally: Tally;
  ids: Uint8Array[];
  body: Uint8Array;
}

export function createTables(sql: SqlStorage): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS seg (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, created INTEGER NOT NULL, sealed INTEGER NOT NULL)",
  );
  sql.exec("CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, ids BLOB NOT NULL)");
  sql.exec("CREATE TABLE IF NOT EXISTS destination (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL)");
}

export function loadState(sql: SqlStorage): State {
  const state = emptyState();
  for (const row of sql.exec<{ at: number; ids: ArrayBuffer }>("SELECT at, ids FROM seen ORDER BY at")) {
    for (const id of unpack(row.ids)) state.known.set(id, row.at);
  }
  for (const { n, id, created, sealed } of sql
    .exec<{ n: number; id: string; created: number; sealed: number }>("SELECT * FROM seg ORDER BY n")
    .toArray()) {
    const segment: Segment = { ...emptyTally(), n, id, createdAt: created, sealed: sealed === 1, ids: [] };
    for (const row of sql.exec<{ rows: number; raw: number; min: number; max: number; ids: ArrayBuffer; bytes: number }>(
      `SELECT rows, raw, min, max, ids, length(body) AS bytes FROM w_${n} ORDER BY seq`,
    )) {
      segment.rows += row.rows;
      segment.rawBytes += row.raw;
      segment.bytes += row.bytes;
      if (row.rows > 0) {
        segment.minTime = Math.min(segment.minTime, row.min);
        segment.maxTime = Math.max(segment.maxTime, row.max);
      }
      for (const known of unpack(row.ids)) {
        segment.ids.push(known);
        state.known.set(known, null);
      }
    }
    state.segments.push(segment);
  }
  return state;
}

export function insertSegment(sql: SqlStorage, id: string, createdAt: number): Segment {
  const { n } = sql.exec<{ n: number }>("INSERT INTO seg (id, created, sealed) VALUES (?, ?, 0) RETURNING n", id, createdAt).one();
  sql.exec(
    `CREATE TABLE w_${n} (seq INTEGER PRIMARY KEY, rows INTEGER NOT NULL, raw INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL, ids BLOB NOT NULL, body BLOB NOT NULL)`,
  );
  return { ...emptyTally(), n, id, createdAt, sealed: false, ids: [] };
}

export function insertCommit(sql: SqlStorage, n: number, { tally, ids, body }: CommitRow): void {
  const [min, max] = tally.rows > 0 ? [tally.minTime, tally.maxTime] : [0, 0];
  sql.exec(
    `INSERT INTO w_${n} (rows, raw, min, max, ids, body) VALUES (?, ?, ?, ?, ?, ?)`,
    tally.rows,
    tally.rawBytes,
    min,
    max,
    Buffer.concat(ids),
    body,
  );
}

export function markSealed(sql: SqlStorage, n: number): void {
  sql.exec("UPDATE seg SET sealed = 1 WHERE n = ?", n);
}

/** The whole segment as it goes to the sink, the same bytes at every call. */
export function readBody(sql: SqlStorage, { n, bytes }: Segment): Uint8Array {
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const row of sql.exec<{ body: ArrayBuffer }>(`SELECT body FROM w_${n} ORDER BY seq`)) {
    body.set(new Uint8Array(row.body), at);
    at += row.body.byteLength;
  }
  return body;
}

/** Drops what is in the sink and keeps its ids; drops ids whose window is over. Dropping a table is billed as no row written. */
export function forget(sql: SqlStorage, { n, ids }: Segment, now: number): void {
  sql.exec("INSERT INTO seen (n, at, ids) VALUES (?, ?, ?)", n, now, Buffer.from(ids.join(""), "hex"));
  sql.exec(`DROP TABLE w_${n}`);
  sql.exec("DELETE FROM seg WHERE n = ?", n);
  sql.exec("DELETE FROM seen WHERE at < ?", now - RETRY_WINDOW_MS);
}

export function clear(sql: SqlStorage): void {
  for (const { n } of sql.exec<{ n: number }>("SELECT n FROM seg").toArray()) sql.exec(`DROP TABLE w_${n}`);
  for (const table of ["seg", "seen"]) sql.exec(`DELETE FROM ${table}`);
}

export function readDestination(sql: SqlStorage): Destination | null {
  const [row] = sql.exec<{ json: string }>("SELECT json FROM destination").toArray();
  return row ? JSON.parse(row.json) : null;
}

export function writeDestination(sql: SqlStorage, destination: Destination): void {
  sql.exec(
    "INSERT INTO destination (one, json) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET json = excluded.json",
    JSON.stringify(destination),
  );
}

function unpack(ids: ArrayBuffer): string[] {
  const text = Buffer.from(ids).toString("hex");
  return Array.from({ length: ids.byteLength / ID_BYTES }, (_, i) => text.slice(i * 2 * ID_BYTES, (i + 1) * 2 * ID_BYTES));
}
