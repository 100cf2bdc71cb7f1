/** The change feed: what the edges have to know so that no outdated document serves for long. */
import type { ChangedDocument, Changes } from "../access/change-feed.ts";
import { FEED_BEGINS_MS, FEED_MEMO_MS, FEED_ROWS_MAX } from "../access/staleness.ts";

/** Answers that are remembered at a time. Isolates ask after few different numbers; one that finds no room costs a query. */
const ANSWERS_MAX = 100;
/** Rows read for one answer: an organisation that changes often has many for one document. */
const ROWS_READ_MAX = 2_000;

interface Row {
  seq: number;
  key: string;
  ver: number;
  status: string | null;
}

/** By what was asked. Values only, never a pending query. */
const answers = new Map<number | null, { at: number; changes: Changes }>();

/** As `changesSince`, up to FEED_MEMO_MS old. */
export async function recentChanges(db: D1Database, seq: number | null, now: number): Promise<Changes> {
  for (const [asked, { at }] of answers) if (now - at > FEED_MEMO_MS || at > now) answers.delete(asked);
  const known = answers.get(seq);
  if (known) return known.changes;
  const changes = await changesSince(db, seq, now);
  if (answers.size < ANSWERS_MAX) answers.set(seq, { at: now, changes });
  return changes;
}

/**
 * The documents of all organisations that were changed after `seq`; null: in the last FEED_BEGINS_MS. First versions are left out,
 * since nothing can be older than they are. Does not notice when rows after `seq` are gone: whoever asks has to know how long they
 * are kept.
 */
export async function changesSince(db: D1Database, seq: number | null, now: number): Promise<Changes> {
  const [where, from] = seq === null ? ["at >= ?", now - FEED_BEGINS_MS] : ["seq > ?", seq];
  // one batch, so that the number is the one that belongs to the rows
  const [numbers, rows] = await db.batch<Record<string, unknown>>([
    db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'changes'"),
    db.prepare(`SELECT seq, key, ver, status FROM changes WHERE ${where} AND ver > 1 ORDER BY seq LIMIT ?`).bind(from, ROWS_READ_MAX + 1),
  ]);
  const last = Number(numbers?.results[0]?.["seq"]);
  const found = (rows?.results ?? []) as unknown as Row[];
  const changed = new Map<string, ChangedDocument>();
  for (const { key, ver, status } of found) changed.set(key, { key, ver, revoked: status === "revoked" });
  // a number that was never given: the database was set back to an earlier day
  const reset = found.length > ROWS_READ_MAX || changed.size > FEED_ROWS_MAX || (seq ?? 0) > last;
  return { seq: last, changed: reset ? [] : [...changed.values()], reset };
}
