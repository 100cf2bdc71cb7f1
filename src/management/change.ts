/**
 * One change: its rows, its audit entry and what has to be published, committed as one batch or not at all.
 *
 * D1 has no interactive transaction. Whatever must hold at the moment of the commit therefore stands in the WHERE of the first
 * statement, and all others look for the `change_id` that it leaves behind.
 */
import { organisationKey, permissionKey } from "../access/permission-set.ts";
import type { Actor, Caller } from "./caller.ts";
import type { Request } from "./request.ts";

/** A piece of SQL for a WHERE, with its values. */
export interface Condition {
  sql: string;
  values: (string | number | null)[];
}

export interface Change {
  /** Names the change in the rows it writes and in the audit log: the request's trace id. */
  id: string;
  /** Epoch milliseconds. */
  at: number;
  org: string;
  actor: Actor;
  /** Such as `token.create`. */
  action: string;
  /** What it was done to, as its owner would name it. */
  target: string;
  /** Never a secret. */
  detail: Record<string, unknown>;
}

/** The change that a request makes. */
export function changeOf(c: Request, { org, actor }: Caller, action: string, target: string, detail: Change["detail"]): Change {
  return { id: c.var.traceId, at: c.var.now, org, actor, action, target, detail };
}

/** A row that holds the change's id if and only if the change happened. */
export interface Trace {
  table: "orgs" | "datasets" | "tokens";
  id: string;
}

/** @returns whether it happened: false when the first statement's WHERE found nothing to do. */
export async function commit(db: D1Database, change: Change, statements: D1PreparedStatement[], trace: Trace): Promise<boolean> {
  const [first] = await db.batch([...statements, auditOf(db, change, trace), ...publicationsOf(db, change)]);
  return (first?.meta.changes ?? 0) > 0;
}

export function happened({ table, id }: Trace, change: Change): Condition {
  return { sql: `EXISTS (SELECT 1 FROM ${table} WHERE id = ? AND change_id = ?)`, values: [id, change.id] };
}

function auditOf(db: D1Database, change: Change, trace: Trace): D1PreparedStatement {
  const { id, at, org, actor, action, target, detail } = change;
  const { sql, values } = happened(trace, change);
  return db
    .prepare(
      `INSERT INTO audit (org, at, actor_kind, actor_id, actor_name, action, target, detail, trace_id) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${sql}`,
    )
    .bind(org, at, actor.kind, actor.id, actor.name, action, target, JSON.stringify(detail), id, ...values);
}

/** Every document whose row the change wrote. */
function publicationsOf(db: D1Database, { id, at }: Change): D1PreparedStatement[] {
  return [
    db
      .prepare("INSERT INTO changes (org, key, ver, status, at) SELECT org, ? || digest, ver, status, ? FROM tokens WHERE change_id = ?")
      .bind(permissionKey(""), at, id),
    db
      .prepare("INSERT INTO changes (org, key, ver, status, at) SELECT id, ? || id, ver, status, ? FROM orgs WHERE change_id = ?")
      .bind(organisationKey(""), at, id),
  ];
}

export interface Publication {
  seq: number;
  key: string;
}

/** What is to be published of one organisation after `seq`, oldest first. */
export async function publicationsSince(db: D1Database, org: string, seq: number, limit: number): Promise<Publication[]> {
  const { results } = await db
    .prepare("SELECT seq, key FROM changes WHERE org = ? AND seq > ? ORDER BY seq LIMIT ?")
    .bind(org, seq, limit)
    .all<Publication>();
  return results;
}

/**
 * Lets a change count as one of this moment, because KV does not have it yet: an isolate that begins now asks only for what was
 * changed of late.
 */
export async function tellAgain(db: D1Database, org: string, key: string, at: number): Promise<void> {
  await db
    .prepare("UPDATE changes SET at = max(at, ?) WHERE seq = (SELECT max(seq) FROM changes WHERE org = ? AND key = ?)")
    .bind(at, org, key)
    .run();
}

/** Drops what was published up to `seq` and before `at`. */
export async function forgetPublications(db: D1Database, org: string, seq: number, at: number): Promise<void> {
  await db.prepare("DELETE FROM changes WHERE org = ? AND seq <= ? AND at < ?").bind(org, seq, at).run();
}
