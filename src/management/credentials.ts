/** What D1 knows about a credential. Looks up only: standing, kind and capabilities are the caller's to judge. */
import type { Grant } from "../access/capability.ts";
import type { PermissionSet } from "../access/permission-set.ts";

export interface User {
  id: string;
  /** The organisation in which the account was made. */
  home: string;
  name: string;
  email: string;
  /** Epoch milliseconds. */
  createdAt: number;
}

export interface OrganisationFacts {
  org: string;
  orgStatus: string;
  defaultRegion: string;
  /** Rises when anybody's role, group or team in the organisation changes. */
  rights: number;
}

export interface Membership extends OrganisationFacts {
  role: string;
  /** Epoch milliseconds. */
  since: number;
}

export type UserCredentialKind = "personal" | "session";

export type Holder =
  | ({ kind: "token"; id: string; name: string; grant: Grant; ver: number; family: string | null; networks: string[] } & OrganisationFacts)
  | {
      kind: "user";
      credential: UserCredentialKind;
      credentialId: string;
      user: User;
      /** Epoch milliseconds; null: never. */
      expiresAt: number | null;
      /** When the person last proved who they are, epoch milliseconds; null: a credential that does not tell. */
      authenticatedAt: number | null;
      memberships: Membership[];
    };

export interface Found {
  holder: Holder;
  status: PermissionSet["status"];
  notBefore?: number;
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
  lastUsedAt: number | null;
}

interface TokenRow extends OrganisationFacts {
  id: string;
  name: string;
  status: Found["status"];
  notBefore: number | null;
  expiresAt: number | null;
  capabilities: string;
  family: string | null;
  networks: string | null;
  /** By an edge or here. */
  lastUsedAt: number | null;
  ver: number;
}

const ORGANISATION = "o.id AS org, o.status AS orgStatus, o.default_region AS defaultRegion, o.rights";
/** A token's status as the documents have it. */
export const TOKEN_STATUS = "CASE WHEN t.status = 'active' AND t.disabled = 1 THEN 'disabled' ELSE t.status END";

export async function holderOfToken(db: D1Database, digest: string): Promise<Found | null> {
  const row = await db
    .prepare(
      `SELECT t.id, t.name, ${TOKEN_STATUS} AS status, t.not_before AS notBefore, t.expires_at AS expiresAt, t.capabilities, t.family,
        t.networks, t.ver, t.last_used_at AS lastUsedAt, ${ORGANISATION}
      FROM tokens t JOIN orgs o ON o.id = t.org WHERE t.digest = ?`,
    )
    .bind(digest)
    .first<TokenRow>();
  if (!row) return null;
  const { status, notBefore, expiresAt, capabilities, networks, lastUsedAt, ...facts } = row;
  const grant: Grant = { ...JSON.parse(capabilities), expiresAt };
  return {
    holder: { kind: "token", ...facts, networks: networks === null ? [] : JSON.parse(networks), grant },
    status,
    expiresAt,
    ...(notBefore !== null && { notBefore }),
    lastUsedAt,
  };
}

interface UserCredentialRow extends User {
  credentialId: string;
  userStatus: "active" | "disabled";
  status: "active" | "revoked";
  expiresAt: number | null;
  authenticatedAt: number | null;
  lastUsedAt: number | null;
}

const USER = "u.id, u.org AS home, u.name, u.email, u.created_at AS createdAt, u.status AS userStatus";

export async function holderOfPersonalToken(db: D1Database, digest: string): Promise<Found | null> {
  const row = await db
    .prepare(
      `SELECT p.id AS credentialId, p.status, p.expires_at AS expiresAt, NULL AS authenticatedAt, p.last_used_at AS lastUsedAt, ${USER}
      FROM personal_tokens p JOIN users u ON u.id = p.user_id WHERE p.digest = ?`,
    )
    .bind(digest)
    .first<UserCredentialRow>();
  return row && foundUser(db, row, "personal");
}

/** @param kind a cookie is no bearer, nor the reverse. */
export async function holderOfSession(db: D1Database, digest: string, kind: "api" | "browser"): Promise<Found | null> {
  const row = await db
    .prepare(
      `SELECT s.id AS credentialId, CASE WHEN s.ended_at IS NULL THEN 'active' ELSE 'revoked' END AS status, s.expires_at AS expiresAt,
        s.authenticated_at AS authenticatedAt, s.last_used_at AS lastUsedAt, ${USER}
      FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.digest = ? AND s.kind = ?`,
    )
    .bind(digest, kind)
    .first<UserCredentialRow>();
  return row && foundUser(db, row, "session");
}

async function foundUser(db: D1Database, row: UserCredentialRow, credential: UserCredentialKind): Promise<Found> {
  const { credentialId, userStatus, status, expiresAt, authenticatedAt, lastUsedAt, ...user } = row;
  const memberships = await membershipsOfUser(db, user.id);
  return {
    holder: { kind: "user", credential, credentialId, user, expiresAt, authenticatedAt, memberships },
    status: status === "active" && userStatus === "disabled" ? "disabled" : status,
    expiresAt,
    lastUsedAt,
  };
}

/** The oldest first. */
async function membershipsOfUser(db: D1Database, user: string): Promise<Membership[]> {
  const { results } = await db
    .prepare(
      `SELECT m.role, m.created_at AS since, ${ORGANISATION}
      FROM members m JOIN orgs o ON o.id = m.org WHERE m.user_id = ? AND o.status <> 'deleted' ORDER BY m.created_at, o.id`,
    )
    .bind(user)
    .all<Membership>();
  return results;
}

const TABLES = { api: "tokens", personal: "personal_tokens", session: "sessions" } as const;

/** Notes the use of a credential at management. Its loss is no harm. */
export async function noteUse(db: D1Database, credential: keyof typeof TABLES, id: string, now: number): Promise<void> {
  const table = TABLES[credential];
  await db
    .prepare(`UPDATE ${table} SET last_used_at = ? WHERE id = ?`)
    .bind(now, id)
    .run()
    .catch((error) => console.warn("last use not noted", String(error)));
}
