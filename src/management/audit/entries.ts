/** Entries of the audit log in D1. They are written by `commit` with their change and never altered; retention alone removes them. */
import type { Condition } from "../change.ts";

export interface Entry {
  id: string;
  at: string;
  actor: { kind: string; id: string; name: string };
  /** The token or session that was shown; null: none of Headgate's. */
  credential: { kind: string; id: string } | null;
  action: string;
  target: string;
  detail: unknown;
  ip: string | null;
  userAgent: string | null;
  result: string;
  traceId: string;
}

interface Row {
  seq: number;
  at: number;
  actorKind: string;
  actorId: string;
  actorName: string;
  credentialKind: string | null;
  credentialId: string | null;
  action: string;
  target: string;
  detail: string;
  ip: string | null;
  userAgent: string | null;
  result: string;
  traceId: string;
}

const COLUMNS = `seq, at, actor_kind AS actorKind, actor_id AS actorId, actor_name AS actorName, credential_kind AS credentialKind,
  credential_id AS credentialId, action, target, detail, ip, user_agent AS userAgent, result, trace_id AS traceId`;

/** Of the details on one page; the entry that goes beyond is the page's last. */
const PAGE_BYTES_MAX = 2_000_000;
/** What an entry has besides its detail, about. */
const REST_BYTES = 500;

export interface Page {
  entries: Entry[];
  /** What the next page is older than; null: there is none. */
  next: string | null;
}

/** The newest first, older than `before`: at most `limit`, and at most as many as fit on a page. */
export async function entriesOf(db: D1Database, org: string, filter: Condition, before: number, limit: number): Promise<Page> {
  const { results } = await db
    .prepare(
      `SELECT * FROM (
        SELECT *, sum(length(CAST(detail AS BLOB)) + ?) OVER (ORDER BY seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newer,
          count(*) OVER () AS found
        FROM (SELECT ${COLUMNS} FROM audit WHERE org = ? AND seq < ? AND ${filter.sql} ORDER BY seq DESC LIMIT ?)
      ) WHERE newer IS NULL OR newer < ? ORDER BY seq DESC`,
    )
    .bind(REST_BYTES, org, before, ...filter.values, limit, PAGE_BYTES_MAX)
    .all<Row & { newer: number | null; found: number }>();
  const last = results.at(-1);
  const more = last !== undefined && (results.length < last.found || last.found === limit);
  return { entries: results.map(({ newer: _newer, found: _found, ...row }) => view(row)), next: more ? String(last.seq) : null };
}

/** Removes entries that are older than their organisation keeps them; at most so many. @returns how many were removed. */
export async function forgetEntries(db: D1Database, now: number, most: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `DELETE FROM audit WHERE seq IN
        (SELECT a.seq FROM audit a JOIN orgs o ON o.id = a.org WHERE a.at < ? - o.audit_keep_days * 86400000 LIMIT ?)`,
    )
    .bind(now, most)
    .run();
  return meta.changes;
}

function view({ seq, at, actorKind, actorId, actorName, credentialKind, credentialId, detail, ...rest }: Row): Entry {
  return {
    id: String(seq),
    at: new Date(at).toISOString(),
    actor: { kind: actorKind, id: actorId, name: actorName },
    credential: credentialKind === null || credentialId === null ? null : { kind: credentialKind, id: credentialId },
    ...rest,
    detail: JSON.parse(detail),
  };
}
