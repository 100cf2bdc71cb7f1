/**
 * One change: its rows, its audit entry and what has to be published, committed as one batch or not at all.
 *
 * D1 has no interactive transaction. Whatever must hold at the moment of the commit therefore stands in the WHERE of the first
 * statement, and all others look for the `change_id` that it leaves behind.
 */
import { organisationKey, permissionKey } from "../access/permission-set.ts";
import { issuerKey } from "../access/trusted-issuer.ts";
import { detailText } from "./audit/detail.ts";
import type { Actor, Caller } from "./caller.ts";
import { addressOf, type Request, userAgentOf } from "./request.ts";

/** A piece of SQL for a WHERE, with its values. */
export interface Condition {
  sql: string;
  values: (string | number | null)[];
}

export function allOf(...conditions: readonly Condition[]): Condition {
  return { sql: conditions.map(({ sql }) => sql).join(" AND "), values: conditions.flatMap(({ values }) => values) };
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
  /** Never a secret. What was changed stands as `before` and `after`. The log keeps `detailText` of it. */
  detail: Record<string, unknown>;
  /** Null: what Headgate does by itself. */
  origin: Origin | null;
}

/** By which credential, and from where. */
export interface Origin {
  /** Null: none of Headgate's tokens. */
  credential: { kind: string; id: string } | null;
  ip: string | null;
  userAgent: string | null;
}

export function originOf(c: Request, credential: Origin["credential"]): Origin {
  return { credential, ip: addressOf(c), userAgent: userAgentOf(c) };
}

/** Who makes a change, and in which organisation. */
export type Author = Pick<Caller, "org" | "actor" | "credential">;

/** The change that a request makes. */
export function changeOf(c: Request, { org, actor, credential }: Author, action: string, target: string, detail: Change["detail"]): Change {
  return { id: c.var.traceId, at: c.var.now, org, actor, action, target, detail, origin: originOf(c, credential) };
}

type TraceTable =
  | ("orgs" | "users" | "members" | "roles" | "groups" | "teams" | "datasets" | "tokens")
  | ("fields" | "virtual_fields" | "annotations")
  | ("personal_tokens" | "sessions" | "identities" | "invitations" | "auth_providers" | "upstreams" | "issuers");

/** A row that holds the change's id if and only if the change happened. */
export interface Trace {
  table: TraceTable;
  id: string;
}

/**
 * @param last what may take the traced row away: nothing looks for it afterwards.
 * @returns whether it happened: false when the first statement's WHERE found nothing to do.
 */
export async function commit(
  db: D1Database,
  change: Change,
  statements: D1PreparedStatement[],
  trace: Trace,
  last: D1PreparedStatement[] = [],
): Promise<boolean> {
  const [done] = await commitAll(db, [{ change, statements, trace, last }]);
  return done ?? false;
}

export interface Commit {
  change: Change;
  statements: D1PreparedStatement[];
  trace: Trace;
  last?: D1PreparedStatement[];
}

/** Several changes in one batch, each with an id of its own. @returns of each whether it happened. */
export async function commitAll(db: D1Database, commits: readonly Commit[]): Promise<boolean[]> {
  const groups = commits.map(({ change, statements, trace, last = [] }) => [
    ...statements,
    auditOf(db, change, trace),
    provenanceOf(db, change, trace),
    ...publicationsOf(db, change),
    ...last,
  ]);
  const results = await db.batch(groups.flat());
  let first = 0;
  return groups.map((group) => {
    const happened = (results[first]?.meta.changes ?? 0) > 0;
    first += group.length;
    return happened;
  });
}

/** An entry for something that changes no row of ours, such as what is sent on. */
export async function note(db: D1Database, change: Change, result: string): Promise<void> {
  await insertAudit(db, change, { sql: "1", values: [] }, result).run();
}

export function happened({ table, id }: Trace, change: Change): Condition {
  return { sql: `EXISTS (SELECT 1 FROM ${table} WHERE id = ? AND change_id = ?)`, values: [id, change.id] };
}

/** Whoever hands rights on in the organisation looks again: to be among the statements of whatever changes what a member may do. */
export function newRights(db: D1Database, change: Change, trace: Trace): D1PreparedStatement {
  const { sql, values } = happened(trace, change);
  return db.prepare(`UPDATE orgs SET rights = rights + 1 WHERE id = ? AND ${sql}`).bind(change.org, ...values);
}

function auditOf(db: D1Database, change: Change, trace: Trace): D1PreparedStatement {
  return insertAudit(db, change, happened(trace, change), "done");
}

function insertAudit(db: D1Database, change: Change, { sql, values }: Condition, result: string): D1PreparedStatement {
  const { id, at, org, actor, action, target, detail, origin } = change;
  return db
    .prepare(
      `INSERT INTO audit (org, at, actor_kind, actor_id, actor_name, action, target, detail, trace_id, credential_kind, credential_id, ip, user_agent,
        result)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${sql}`,
    )
    .bind(
      ...[org, at, actor.kind, actor.id, actor.name, action, target, detailText(detail), id],
      ...[origin?.credential?.kind ?? null, origin?.credential?.id ?? null, origin?.ip ?? null, origin?.userAgent ?? null],
      result,
      ...values,
    );
}

/** Who made and who last changed what the action is about: `token.create` of a target is about the token of that name. */
function provenanceOf(db: D1Database, change: Change, trace: Trace): D1PreparedStatement {
  const { at, org, actor, action, target, origin } = change;
  const [kind = "", verb] = action.split(".");
  const { sql, values } = happened(trace, change);
  const who = JSON.stringify({ actor, credential: origin?.credential ?? null });
  const created = verb === "create" ? [at, who] : [null, null];
  return db
    .prepare(
      `INSERT INTO provenance (org, kind, target, created_at, created_by, changed_at, changed_by) SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${sql}
      ON CONFLICT (org, kind, target) DO UPDATE SET changed_at = excluded.changed_at, changed_by = excluded.changed_by,
        created_at = coalesce(excluded.created_at, created_at), created_by = coalesce(excluded.created_by, created_by)`,
    )
    .bind(org, kind, target, ...created, at, who, ...values);
}

/** Every document whose row the change wrote. */
export function publicationsOf(db: D1Database, { id, at }: Pick<Change, "id" | "at">): D1PreparedStatement[] {
  return [
    db
      .prepare("INSERT INTO changes (org, key, ver, status, at) SELECT org, ? || digest, ver, status, ? FROM tokens WHERE change_id = ?")
      .bind(permissionKey(""), at, id),
    db
      .prepare("INSERT INTO changes (org, key, ver, status, at) SELECT id, ? || id, ver, status, ? FROM orgs WHERE change_id = ?")
      .bind(organisationKey(""), at, id),
    db
      .prepare("INSERT INTO changes (org, key, ver, status, at) SELECT org, ? || digest, ver, status, ? FROM issuers WHERE change_id = ?")
      .bind(issuerKey(""), at, id),
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
