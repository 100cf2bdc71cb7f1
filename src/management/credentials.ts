/** What D1 knows about a credential. Looks up only: standing, kind and capabilities are the caller's to judge. */
import type { Grant } from "../access/capability.ts";

export interface User {
  id: string;
  name: string;
  email: string;
  /** Epoch milliseconds. */
  createdAt: number;
}

interface OrganisationFacts {
  org: string;
  orgStatus: string;
  defaultRegion: string;
}

export interface Membership extends OrganisationFacts {
  role: string;
  /** Epoch milliseconds. */
  since: number;
  ver: number;
}

export type Holder =
  | ({ kind: "token"; id: string; name: string; grant: Grant; ver: number } & OrganisationFacts)
  | { kind: "user"; user: User; tokenId: string; expiresAt: number | null; memberships: Membership[] };

export interface Found {
  holder: Holder;
  status: "active" | "revoked";
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
}

interface TokenRow extends OrganisationFacts {
  id: string;
  name: string;
  status: Found["status"];
  expiresAt: number | null;
  capabilities: string;
  ver: number;
}

export async function holderOfToken(db: D1Database, digest: string): Promise<Found | null> {
  const row = await db
    .prepare(
      `SELECT t.id, t.name, t.status, t.expires_at AS expiresAt, t.capabilities, t.ver,
        o.id AS org, o.status AS orgStatus, o.default_region AS defaultRegion
      FROM tokens t JOIN orgs o ON o.id = t.org WHERE t.digest = ?`,
    )
    .bind(digest)
    .first<TokenRow>();
  if (!row) return null;
  const { status, expiresAt, capabilities, ...facts } = row;
  return { holder: { kind: "token", ...facts, grant: { ...JSON.parse(capabilities), expiresAt } }, status, expiresAt };
}

interface PersonalTokenRow extends User {
  tokenId: string;
  status: Found["status"];
  expiresAt: number | null;
}

export async function holderOfPersonalToken(db: D1Database, digest: string): Promise<Found | null> {
  const row = await db
    .prepare(
      `SELECT p.id AS tokenId, p.status, p.expires_at AS expiresAt, u.id, u.name, u.email, u.created_at AS createdAt
      FROM personal_tokens p JOIN users u ON u.id = p.user_id WHERE p.digest = ?`,
    )
    .bind(digest)
    .first<PersonalTokenRow>();
  if (!row) return null;
  const { tokenId, status, expiresAt, ...user } = row;
  return { holder: { kind: "user", user, tokenId, expiresAt, memberships: await membershipsOfUser(db, user.id) }, status, expiresAt };
}

/** The oldest first. */
async function membershipsOfUser(db: D1Database, user: string): Promise<Membership[]> {
  const { results } = await db
    .prepare(
      `SELECT m.role, m.created_at AS since, m.ver, o.id AS org, o.status AS orgStatus, o.default_region AS defaultRegion
      FROM members m JOIN orgs o ON o.id = m.org WHERE m.user_id = ? AND o.status <> 'deleted' ORDER BY m.created_at, o.id`,
    )
    .bind(user)
    .all<Membership>();
  return results;
}
