/** One commit of a buffer: a group of appends, and what is counted beside them, as rows. */
import { addReasons, type Counters, type Counts, count, countAll, nameIn, totalOf } from "./counts.ts";
import * as log from "./log.ts";
import { joined, membersOf } from "./members.ts";
import {
  type Append,
  add,
  committed,
  emptyTally,
  intoRows,
  isFull,
  type Kind,
  openSegment,
  type Segment,
  type State,
  type Tally,
} from "./segment.ts";
import type { Placed } from "./watched.ts";

/** Raw bytes of a quarantined segment: a replay reads one whole. */
export const QUARANTINE_RAW_BYTES_MAX = 12_000_000;

/** Something that waits for a commit. */
export interface Entry {
  /** Null: there is only something to count. */
  append: Append | null;
  /** The append's id with its print. */
  packed: string;
  token: string;
  counts: Counts;
  /** Raw bytes that the dataset's quarantine takes per day. */
  quarantineBytesMax: number;
}

/** What the object knows; it follows the disk and is loaded anew when a transaction fails. */
export interface Held {
  state: State;
  counters: Counters;
  /** Raw bytes quarantined on a day (UTC). */
  quarantined: { day: string; bytes: number };
}

export interface CommitSettings {
  now: number;
  segmentBytesMax: number;
  /** A new id at each call. */
  segmentId(): string;
}

export function load(sql: SqlStorage): Held {
  return {
    state: log.loadState(sql),
    counters: log.loadCounters(sql),
    quarantined: log.readMeta<Held["quarantined"]>(sql, "quarantined") ?? { day: "", bytes: 0 },
  };
}

/**
 * To be called in a transaction. The first row holds the counts of the group, and ids stand with the first row of their events; a
 * group of nothing but counts writes those alone. A full segment is sealed here and not by the alarm, or it would grow past what
 * memory holds while the bucket is away.
 * @returns where the events of the group stand, one append after the other; null: it has none.
 */
export function commit(sql: SqlStorage, held: Held, group: Entry[], settings: CommitSettings): Placed | null {
  const appends = group.flatMap(({ append, packed }) => (append ? [{ append, packed }] : []));
  const events = appends.filter(({ append }) => append.body.length > 0);
  const staged = appends.filter(({ append }) => append.staged.length > 0);
  const kept = quarantineOf(sql, held, group, settings.now);
  const counts = countsOf(held, group, kept);
  const ids = new Map(appends.map(({ append, packed }) => [append, packed]));
  const takeIds = (from: Append[]) =>
    from.flatMap((append) => {
      const id = ids.get(append);
      ids.delete(append);
      return id ? [id] : [];
    });
  for (const { append } of appends) if (append.replay) log.markReplayed(sql, append.replay.id);
  let uncounted: Counters = counts;
  const takeCounts = () => {
    const taken = uncounted;
    uncounted = new Map();
    return taken;
  };

  let placed: Placed | null = null;
  if (events.length > 0) {
    const bodies = events.map(({ append }) => append);
    const tally = bodies.map((append) => ({ ...append, bytes: 0 })).reduce<Tally>(add, emptyTally());
    placed = write(sql, held.state, "events", { members: membersOf(bodies), tally, ids: takeIds(bodies), counts: takeCounts() }, settings);
  }
  for (const { append } of staged) {
    const group = append.staged.map(({ id }) => id);
    for (const each of append.staged) {
      const last = each.id === group.at(-1);
      const own = last ? takeIds([append]) : [];
      const segment = log.insertStaged(sql, each, group, settings.now, own, last ? takeCounts() : new Map());
      held.state.segments.push(segment);
      committed(held.state, segment, own, log.tallyOf(each));
    }
  }
  if (kept.size > 0) {
    const bodies = [...kept].flatMap(({ append }) => (append?.quarantine ? [{ body: append.quarantine.body, gzip: false }] : []));
    const rawBytes = bodies.reduce((sum, { body }) => sum + body.length, 0);
    const rows = [...kept].reduce((sum, { append }) => sum + totalOf(append?.quarantine?.reasons ?? {}), 0);
    const tally = { rows, bytes: 0, rawBytes, minTime: settings.now, maxTime: settings.now };
    const own = takeIds([...kept].flatMap(({ append }) => append ?? []));
    write(sql, held.state, "quarantine", { members: membersOf(bodies), tally, ids: own, counts: takeCounts() }, settings);
  }
  log.addCounters(sql, uncounted);
  countAll(held.counters, counts);
  return placed;
}

interface Written {
  members: Uint8Array[];
  tally: Tally;
  ids: string[];
  counts: Counters;
}

function write(sql: SqlStorage, state: State, kind: Kind, { members, tally, ids, counts }: Written, settings: CommitSettings): Placed {
  const segment = openSegment(state, kind) ?? open(sql, state, kind, settings);
  const placed = { segment: segment.id, first: segment.rows };
  for (const [index, pieces] of intoRows(members).entries()) {
    const body = joined(pieces);
    log.insertCommit(
      sql,
      segment.n,
      index === 0 ? { tally, ids, counts, body } : { tally: emptyTally(), ids: [], counts: new Map(), body },
    );
    tally.bytes += body.length;
  }
  committed(state, segment, ids, tally);
  if (!isFull(segment, settings.segmentBytesMax) && !(kind === "quarantine" && segment.rawBytes >= QUARANTINE_RAW_BYTES_MAX)) return placed;
  log.markSealed(sql, segment.n);
  segment.sealed = true;
  return placed;
}

function open(sql: SqlStorage, state: State, kind: Kind, { now, segmentId }: CommitSettings): Segment {
  const segment = log.insertSegment(sql, kind, segmentId(), now);
  state.segments.push(segment);
  return segment;
}

/** Which appends' rejected rows are kept: as many as the day has room for. */
function quarantineOf(sql: SqlStorage, held: Held, group: Entry[], now: number): Set<Entry> {
  const kept = new Set<Entry>();
  const day = new Date(now).toISOString().slice(0, 10);
  let bytes = held.quarantined.day === day ? held.quarantined.bytes : 0;
  for (const entry of group) {
    const size = entry.append?.quarantine?.body.length ?? 0;
    const again = entry.append?.replay != null; // these rows were let in before
    if (size === 0 || (!again && bytes + size > entry.quarantineBytesMax)) continue;
    if (!again) bytes += size;
    kept.add(entry);
  }
  if (kept.size === 0) return kept;
  held.quarantined = { day, bytes };
  log.writeMeta(sql, "quarantined", held.quarantined);
  return kept;
}

function countsOf(held: Held, group: Entry[], kept: Set<Entry>): Counters {
  const counters: Counters = new Map();
  for (const entry of group) {
    const { counts } = entry;
    const reasons = entry.append?.quarantine?.reasons ?? {};
    const rows = totalOf(reasons);
    const refused = kept.has(entry) ? counts.refused : addReasons({ ...counts.refused }, reasons);
    // a replay moves rows from one count to others
    const quarantined = (kept.has(entry) ? rows : 0) - (entry.append?.replay?.rows ?? 0);
    count(counters, nameIn(held.counters, entry.token), { ...counts, quarantined, refused });
  }
  return counters;
}
