/** Trusted issuers in D1. */
import { randomUUID } from "node:crypto";
import { issuerDigest, type PublicKey, type TrustedIssuer, trustedIssuer } from "../../access/trusted-issuer.ts";
import { type Change, type Condition, commit, happened, publicationsOf } from "../change.ts";

/** Per organisation, deleted ones not counted. */
export const ISSUERS_MAX = 50;

export type Issuer = Omit<TrustedIssuer, "v"> & {
  name: string;
  /** Epoch milliseconds. */
  createdAt: number;
};

type Row = Omit<Issuer, "algorithms" | "claims" | "keys"> & Record<"algorithms" | "claims" | "keys", string>;

const COLUMNS = `id, org, name, issuer, audience, algorithms, jwks_uri AS jwksUri, typ, max_token_age_s AS maxTokenAgeS, claims, status, keys,
  keys_at AS keysAt, created_at AS createdAt, ver`;

export async function listIssuers(db: D1Database, org: string): Promise<Issuer[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM issuers WHERE org = ? AND status <> 'deleted' ORDER BY created_at, id`)
    .bind(org)
    .all<Row>();
  return results.map(read);
}

export async function findIssuer(db: D1Database, org: string, id: string): Promise<Issuer | null> {
  const row = await db
    .prepare(`SELECT ${COLUMNS} FROM issuers WHERE org = ? AND id = ? AND status <> 'deleted'`)
    .bind(org, id)
    .first<Row>();
  return row && read(row);
}

/** Whether anybody in the deployment has configured this issuer and audience. */
export async function isTaken(db: D1Database, { issuer, audience }: Issuer): Promise<boolean> {
  return (
    (await db.prepare(`SELECT 1 FROM issuers WHERE digest = ? AND status <> 'deleted'`).bind(issuerDigest(issuer, audience)).first()) !==
    null
  );
}

/** The oldest key sets of active issuers, fetched before a time. */
export async function withKeysBefore(db: D1Database, before: number, limit: number): Promise<Issuer[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM issuers WHERE status = 'active' AND keys_at < ? ORDER BY keys_at LIMIT ?`)
    .bind(before, limit)
    .all<Row>();
  return results.map(read);
}

/**
 * What the edges know of an issuer. Of a deleted one no more than that it is deleted. Null: there never was one.
 * @param digest of issuer and audience.
 */
export async function issuerDocument(db: D1Database, digest: string): Promise<TrustedIssuer | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM issuers WHERE digest = ? ORDER BY ver DESC LIMIT 1`).bind(digest).first<Row>();
  if (!row) return null;
  const { name: _, createdAt: __, ...document } = read(row);
  return trustedIssuer(document.status === "deleted" ? { ...document, claims: [], keys: [] } : document);
}

/** @returns false when what the condition names has changed, or somebody was faster with the same issuer and audience. */
export function insertIssuer(db: D1Database, issuer: Issuer, change: Change, only: Condition): Promise<boolean> {
  const digest = issuerDigest(issuer.issuer, issuer.audience);
  const { id, org, name, audience, algorithms, jwksUri, typ, maxTokenAgeS, claims, status, keys, keysAt, createdAt } = issuer;
  const insert = db
    .prepare(
      `INSERT INTO issuers (id, org, digest, name, issuer, audience, algorithms, jwks_uri, typ, max_token_age_s, claims, status, keys, keys_at,
        created_at, ver, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(ver), 0) + 1 FROM issuers WHERE digest = ?), ?
      WHERE NOT EXISTS (SELECT 1 FROM issuers WHERE digest = ? AND status <> 'deleted') AND ${only.sql}`,
    )
    .bind(
      ...[id, org, digest, name, issuer.issuer, audience, JSON.stringify(algorithms), jwksUri, typ, maxTokenAgeS],
      ...[JSON.stringify(claims), status, JSON.stringify(keys), keysAt, createdAt, digest, change.id, digest, ...only.values],
    );
  return commit(db, change, [insert], { table: "issuers", id });
}

/** Compare and swap on the version that was read. One that is not active any more takes the tokens of its workloads along. */
export function updateIssuer(db: D1Database, issuer: Issuer, change: Change, only: Condition): Promise<boolean> {
  const { id, name, algorithms, jwksUri, typ, maxTokenAgeS, claims, status, keys, keysAt, ver } = issuer;
  const update = db
    .prepare(
      `UPDATE issuers SET name = ?, algorithms = ?, jwks_uri = ?, typ = ?, max_token_age_s = ?, claims = ?, status = ?, keys = ?, keys_at = ?,
        ver = ver + 1, change_id = ?
      WHERE id = ? AND ver = ? AND status <> 'deleted' AND ${only.sql}`,
    )
    .bind(
      ...[name, JSON.stringify(algorithms), jwksUri, typ, maxTokenAgeS, JSON.stringify(claims), status, JSON.stringify(keys), keysAt],
      ...[change.id, id, ver, ...only.values],
    );
  const trace = { table: "issuers", id } as const;
  return commit(db, change, status === "active" ? [update] : [update, revokeTokensOf(db, id, change)], trace);
}

export function deleteIssuer(db: D1Database, id: string, change: Change): Promise<boolean> {
  const remove = db
    .prepare("UPDATE issuers SET status = 'deleted', ver = ver + 1, change_id = ? WHERE id = ? AND status <> 'deleted'")
    .bind(change.id, id);
  return commit(db, change, [remove, revokeTokensOf(db, id, change)], { table: "issuers", id });
}

/**
 * Keys fetched anew, if the issuer has not changed since it was read.
 * @param change null: the same keys as before, published all the same for their age.
 */
export async function renewKeys(db: D1Database, { id, ver }: Issuer, keys: PublicKey[], change: Change | null, now: number): Promise<void> {
  const changeId = change?.id ?? randomUUID().replaceAll("-", "");
  const renewal = db
    .prepare("UPDATE issuers SET keys = ?, keys_at = ?, ver = ver + 1, change_id = ? WHERE id = ? AND ver = ? AND status = 'active'")
    .bind(JSON.stringify(keys), now, changeId, id, ver);
  if (change) await commit(db, change, [renewal], { table: "issuers", id });
  else await db.batch([renewal, ...publicationsOf(db, { id: changeId, at: now })]);
}

function revokeTokensOf(db: D1Database, issuer: string, change: Change): D1PreparedStatement {
  const { sql, values } = happened({ table: "issuers", id: issuer }, change);
  return db
    .prepare(
      `UPDATE tokens SET status = 'revoked', ver = ver + 1, change_id = ?
      WHERE parent = ? AND kind = 'workload' AND status = 'active' AND expires_at > ? AND ${sql}`,
    )
    .bind(change.id, issuer, change.at, ...values);
}

function read(row: Row): Issuer {
  return { ...row, algorithms: JSON.parse(row.algorithms), claims: JSON.parse(row.claims), keys: JSON.parse(row.keys) };
}
