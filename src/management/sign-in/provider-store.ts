/** Identity providers of organisations in D1. Their client secrets are sealed here and opened only to be sent to the provider. */
import { open, type SealKeys, seal } from "../../access/seal.ts";
import { Problem } from "../../problem.ts";
import { type Change, type Condition, commit } from "../change.ts";

export const PROVIDER_TYPES = ["oidc", "google", "github"] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

export const CLIENT_AUTHS = ["client_secret_basic", "client_secret_post"] as const;
export type ClientAuth = (typeof CLIENT_AUTHS)[number];

export interface Provider {
  id: string;
  org: string;
  /** Part of the callback's address, so it never changes. */
  name: string;
  type: ProviderType;
  issuer: string;
  clientId: string;
  /** Sealed. */
  clientSecret: string;
  clientAuth: ClientAuth;
  scopes: string[];
  /** Lower-case; empty: any. */
  allowedDomains: string[];
  enabled: boolean;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
  ver: number;
}

type ProviderRow = Omit<Provider, "scopes" | "allowedDomains" | "enabled"> & { scopes: string; allowedDomains: string; enabled: 0 | 1 };

const COLUMNS = `p.id, p.org, p.name, p.type, p.issuer, p.client_id AS clientId, p.client_secret AS clientSecret, p.client_auth AS clientAuth,
  p.scopes, p.allowed_domains AS allowedDomains, p.enabled, p.created_at AS createdAt, p.updated_at AS updatedAt, p.ver`;

function providerOf(row: ProviderRow): Provider {
  return { ...row, scopes: JSON.parse(row.scopes), allowedDomains: JSON.parse(row.allowedDomains), enabled: row.enabled === 1 };
}

/** By name. */
export async function listProviders(db: D1Database, org: string): Promise<Provider[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM auth_providers p WHERE p.org = ? AND p.deleted_at IS NULL ORDER BY p.name`)
    .bind(org)
    .all<ProviderRow>();
  return results.map(providerOf);
}

/** @throws Problem `resource-unknown`. */
export async function getProvider(db: D1Database, org: string, id: string): Promise<Provider> {
  const row = await db
    .prepare(`SELECT ${COLUMNS} FROM auth_providers p WHERE p.org = ? AND p.id = ? AND p.deleted_at IS NULL`)
    .bind(org, id)
    .first<ProviderRow>();
  if (!row) throw new Problem("resource-unknown", `provider not found: ${id}; GET /v2/auth/providers lists them`);
  return providerOf(row);
}

/** One that people may sign in with; null, too, when it is disabled or its organisation is not active. */
export async function findOpenProvider(db: D1Database, org: string, name: string): Promise<Provider | null> {
  const row = await db
    .prepare(
      `SELECT ${COLUMNS} FROM auth_providers p JOIN orgs o ON o.id = p.org
      WHERE p.org = ? AND p.name = ? AND p.deleted_at IS NULL AND p.enabled = 1 AND o.status = 'active'`,
    )
    .bind(org, name)
    .first<ProviderRow>();
  return row && providerOf(row);
}

export interface Door {
  organisation: { id: string; name: string };
  providers: { name: string; type: ProviderType }[];
}

/** How people come into an organisation; null when nobody can: unknown, not active, or without an enabled provider. */
export async function findDoor(db: D1Database, org: string): Promise<Door | null> {
  const { results } = await db
    .prepare(
      `SELECT o.name AS organisation, p.name, p.type FROM orgs o JOIN auth_providers p ON p.org = o.id
      WHERE o.id = ? AND o.status = 'active' AND p.deleted_at IS NULL AND p.enabled = 1 ORDER BY p.name`,
    )
    .bind(org)
    .all<{ organisation: string; name: string; type: ProviderType }>();
  const [first] = results;
  if (!first) return null;
  return { organisation: { id: org, name: first.organisation }, providers: results.map(({ name, type }) => ({ name, type })) };
}

/** @returns false when the name is taken, there are `most` already, or the condition no longer holds. */
export function insertProvider(db: D1Database, provider: Provider, most: number, change: Change, only: Condition): Promise<boolean> {
  const { id, org, name, type, issuer, clientId, clientSecret, clientAuth, scopes, allowedDomains, enabled, createdAt, ver } = provider;
  const statement = db
    .prepare(
      `INSERT INTO auth_providers (id, org, name, type, issuer, client_id, client_secret, client_auth, scopes, allowed_domains, enabled,
        created_at, updated_at, ver, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
      WHERE (SELECT count(*) FROM auth_providers WHERE org = ? AND deleted_at IS NULL) < ? AND ${only.sql} ON CONFLICT DO NOTHING`,
    )
    .bind(
      ...[id, org, name, type, issuer, clientId, clientSecret, clientAuth, JSON.stringify(scopes), JSON.stringify(allowedDomains)],
      ...[enabled ? 1 : 0, createdAt, createdAt, ver, change.id, org, most, ...only.values],
    );
  return commit(db, change, [statement], { table: "auth_providers", id });
}

/** @returns false when it was changed or deleted since it was read, or the condition no longer holds. */
export function updateProvider(db: D1Database, provider: Provider, change: Change, only: Condition): Promise<boolean> {
  const { id, issuer, clientId, clientSecret, clientAuth, scopes, allowedDomains, enabled, ver } = provider;
  const statement = db
    .prepare(
      `UPDATE auth_providers SET issuer = ?, client_id = ?, client_secret = ?, client_auth = ?, scopes = ?, allowed_domains = ?, enabled = ?,
        updated_at = ?, ver = ver + 1, change_id = ?
      WHERE id = ? AND ver = ? AND deleted_at IS NULL AND ${only.sql}`,
    )
    .bind(
      ...[issuer, clientId, clientSecret, clientAuth, JSON.stringify(scopes), JSON.stringify(allowedDomains), enabled ? 1 : 0],
      ...[change.at, change.id, id, ver, ...only.values],
    );
  return commit(db, change, [statement], { table: "auth_providers", id });
}

/** @returns false when it was deleted meanwhile, or the condition no longer holds. */
export function deleteProvider(db: D1Database, id: string, change: Change, only: Condition): Promise<boolean> {
  const statement = db
    .prepare(
      `UPDATE auth_providers SET deleted_at = ?, client_secret = '', enabled = 0, ver = ver + 1, change_id = ?
      WHERE id = ? AND deleted_at IS NULL AND ${only.sql}`,
    )
    .bind(change.at, change.id, id, ...only.values);
  return commit(db, change, [statement], { table: "auth_providers", id });
}

/** @throws Problem `not-configured` when the deployment has no key to seal with. */
export function sealSecret(secret: string, provider: Pick<Provider, "id" | "org">, keys: SealKeys): string {
  if (keys.size === 0)
    throw new Problem(
      "not-configured",
      "this deployment cannot keep client secrets: its operator must set SINK_SECRETS_KEY to 1:<base64url of 32 random bytes> with `wrangler secret put` on every Worker",
    );
  return seal(secret, keys, contextOf(provider));
}

/** @throws Problem `not-configured` when the key that it was sealed with is gone. */
export function openSecret(provider: Provider, keys: SealKeys): string {
  try {
    return open(provider.clientSecret, keys, contextOf(provider));
  } catch (error) {
    console.error("client secret", provider.id, String(error));
    throw new Problem("not-configured", `the client secret of ${provider.name} cannot be opened here; an administrator must send it again`);
  }
}

function contextOf({ org, id }: Pick<Provider, "id" | "org">): string {
  return `auth-provider:${org}:${id}:client-secret`;
}
