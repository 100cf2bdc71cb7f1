/**
 * The tables of a buffer. Everything here is synchronous SQLite inside one Durable Object; the runtime holds every answer back until
 * what was written is durable.
 *
 *     seg(n, id, kind, created, sealed, staged)            segments; one of a kind is open at most; `staged`: bytes that are in the bucket
 *     w_<n>(seq, rows, raw, min, max, ids, counts, body)   commits of one segment; a body is gzip members, at most ROW_BYTES_MAX
 *     seen(n, at, ids)                                     ids of flushed segments, 24 bytes each, for the retry window
 *     counters(token, json)                                counts of what is no longer in a w_<n>
 *     delivery(n, segment, done)                           segments in the bucket that other sinks wait for; `done`: a bit per sink's slot
 *     replayed(id)                                         quarantined segments that were
 *     meta(name, json)                                     destination, layouts, what was quarantined today, what other sinks there are
 */

import { type Counters, count, countAll, emptyCounts, readCounters, writeCounters } from "./counts.ts";
import { committed, emptyState, emptyTally, type Kind, remember, type Segment, type Staged, type State, type Tally } from "./segment.ts";

const ID_BYTES = 24;

export interface CommitRow {
  tally: Tally;
  /** Packed. */
  ids: string[];
  counts: Counters;
  body: Uint8Array;
}

interface StagedText extends Staged {
  group: string[];
  ids: string[];
  counts: string;
}

export function createTables(sql: SqlStorage): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS seg (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL, sealed INTEGER NOT NULL, staged TEXT)",
  );
  sql.exec("CREATE TABLE IF NOT EXISTS seen (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, ids BLOB NOT NULL)");
  sql.exec("CREATE TABLE IF NOT EXISTS counters (token TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID");
  sql.exec("CREATE TABLE IF NOT EXISTS delivery (n INTEGER PRIMARY KEY, segment TEXT NOT NULL, done INTEGER NOT NULL)");
  sql.exec("CREATE TABLE IF NOT EXISTS replayed (id TEXT PRIMARY KEY) WITHOUT ROWID");
  sql.exec("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID");
}

export function loadState(sql: SqlStorage): State {
  const state = emptyState();
  for (const row of sql.exec<{ at: number; ids: ArrayBuffer }>("SELECT at, ids FROM seen ORDER BY at")) {
    for (const id of unpack(row.ids)) remember(state, id, row.at);
  }
  for (const row of sql.exec<SegmentRow>("SELECT * FROM seg ORDER BY n").toArray()) {
    const segment: Segment = {
      ...emptyTally(),
      n: row.n,
      id: row.id,
      kind: row.kind,
      createdAt: row.created,
      sealed: row.sealed === 1,
      upload: null,
      ids: [],
    };
    if (row.staged !== null) {
      const { ids, uploadId, etag, group, ...tally } = JSON.parse(row.staged) as StagedText;
      segment.upload = { uploadId, etag, group };
      committed(state, segment, ids, tallyOf(tally));
    } else {
      for (const { rows, raw, min, max, ids, bytes } of sql.exec<CommitSummary>(
        `SELECT rows, raw, min, max, ids, length(body) AS bytes FROM w_${row.n} ORDER BY seq`,
      )) {
        const times = rows > 0 ? { minTime: min, maxTime: max } : { minTime: Number.POSITIVE_INFINITY, maxTime: Number.NEGATIVE_INFINITY };
        committed(state, segment, unpack(ids), { rows, bytes, rawBytes: raw, ...times });
      }
    }
    state.segments.push(segment);
  }
  return state;
}

type SegmentRow = { n: number; id: string; kind: Kind; created: number; sealed: number; staged: string | null };
type CommitSummary = { rows: number; raw: number; min: number; max: number; ids: ArrayBuffer; bytes: number };

/** Counts of everything that is on disk. */
export function loadCounters(sql: SqlStorage): Counters {
  const counters: Counters = new Map();
  for (const { token, json } of sql.exec<{ token: string; json: string }>("SELECT token, json FROM counters"))
    count(counters, token, JSON.parse(json));
  for (const { n, staged } of sql.exec<SegmentRow>("SELECT * FROM seg").toArray()) countAll(counters, countsIn(sql, n, staged));
  return counters;
}

export function insertSegment(sql: SqlStorage, kind: Kind, id: string, createdAt: number): Segment {
  const { n } = sql
    .exec<{ n: number }>("INSERT INTO seg (id, kind, created, sealed) VALUES (?, ?, ?, 0) RETURNING n", id, kind, createdAt)
    .one();
  sql.exec(
    `CREATE TABLE w_${n} (seq INTEGER PRIMARY KEY, rows INTEGER NOT NULL, raw INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL, ids BLOB NOT NULL, counts TEXT NOT NULL, body BLOB NOT NULL)`,
  );
  return { ...emptyTally(), n, id, kind, createdAt, sealed: false, upload: null, ids: [] };
}

export function insertCommit(sql: SqlStorage, n: number, { tally, ids, counts, body }: CommitRow): void {
  const [min, max] = tally.rows > 0 ? [tally.minTime, tally.maxTime] : [0, 0];
  sql.exec(
    `INSERT INTO w_${n} (rows, raw, min, max, ids, counts, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    tally.rows,
    tally.rawBytes,
    min,
    max,
    Buffer.from(ids.join(""), "hex"),
    writeCounters(counts),
    body,
  );
}

/** A segment whose bytes are in the bucket already; it has no table and is sealed. */
export function insertStaged(
  sql: SqlStorage,
  staged: Staged,
  group: string[],
  createdAt: number,
  ids: string[],
  counts: Counters,
): Segment {
  const text: StagedText = { ...staged, group, ids, counts: writeCounters(counts) };
  const { n } = sql
    .exec<{ n: number }>(
      "INSERT INTO seg (id, kind, created, sealed, staged) VALUES (?, 'events', ?, 1, ?) RETURNING n",
      staged.id,
      createdAt,
      JSON.stringify(text),
    )
    .one();
  const { id, uploadId, etag } = staged;
  return { ...emptyTally(), n, id, kind: "events", createdAt, sealed: true, upload: { uploadId, etag, group }, ids: [] };
}

export function tallyOf({ rows, bytes, rawBytes, minTime, maxTime }: Tally): Tally {
  return { rows, bytes, rawBytes, minTime, maxTime };
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

/**
 * Drops what is in the bucket and keeps its ids and counts; drops ids whose window is over. Dropping a table is billed as no row
 * written.
 */
export function forget(sql: SqlStorage, segment: Segment, now: number, windowMs: number): void {
  addCounters(sql, countsIn(sql, segment.n, segment.upload && stagedOf(sql, segment.n)));
  if (segment.ids.length > 0)
    sql.exec("INSERT INTO seen (n, at, ids) VALUES (?, ?, ?)", segment.n, now, Buffer.from(segment.ids.join(""), "hex"));
  dropSegment(sql, segment);
  sql.exec("DELETE FROM seen WHERE at < ?", now - windowMs);
}

export function dropSegment(sql: SqlStorage, { n, upload }: Segment): void {
  if (!upload) sql.exec(`DROP TABLE w_${n}`);
  sql.exec("DELETE FROM seg WHERE n = ?", n);
}

export function addCounters(sql: SqlStorage, counters: Counters): void {
  for (const [token, counts] of counters) {
    const [known] = sql.exec<{ json: string }>("SELECT json FROM counters WHERE token = ?", token).toArray();
    const sum: Counters = new Map([[token, known ? JSON.parse(known.json) : emptyCounts()]]);
    count(sum, token, counts);
    sql.exec("INSERT OR REPLACE INTO counters (token, json) VALUES (?, ?)", token, JSON.stringify(sum.get(token)));
  }
}

function stagedOf(sql: SqlStorage, n: number): string | null {
  return sql.exec<{ staged: string | null }>("SELECT staged FROM seg WHERE n = ?", n).one().staged;
}

function countsIn(sql: SqlStorage, n: number, staged: string | null): Counters {
  if (staged !== null) return readCounters((JSON.parse(staged) as StagedText).counts);
  const counters: Counters = new Map();
  for (const { counts } of sql.exec<{ counts: string }>(`SELECT counts FROM w_${n} WHERE counts <> ''`))
    countAll(counters, readCounters(counts));
  return counters;
}

/** Forgets everything but what `meta` says. */
export function clear(sql: SqlStorage, state: State): void {
  for (const segment of state.segments) dropSegment(sql, segment);
  for (const table of ["seen", "counters", "delivery", "replayed"]) sql.exec(`DELETE FROM ${table}`);
}

export function wasReplayed(sql: SqlStorage, id: string): boolean {
  return sql.exec("SELECT 1 FROM replayed WHERE id = ?", id).toArray().length > 0;
}

export function markReplayed(sql: SqlStorage, id: string): void {
  sql.exec("INSERT INTO replayed (id) VALUES (?)", id);
}

export function readMeta<T>(sql: SqlStorage, name: string): T | null {
  const [row] = sql.exec<{ json: string }>("SELECT json FROM meta WHERE name = ?", name).toArray();
  return row ? JSON.parse(row.json) : null;
}

export function writeMeta(sql: SqlStorage, name: string, value: unknown): void {
  sql.exec("INSERT OR REPLACE INTO meta (name, json) VALUES (?, ?)", name, JSON.stringify(value));
}

function unpack(ids: ArrayBuffer): string[] {
  const text = Buffer.from(ids).toString("hex");
  return Array.from({ length: ids.byteLength / ID_BYTES }, (_, i) => text.slice(i * 2 * ID_BYTES, (i + 1) * 2 * ID_BYTES));
}
