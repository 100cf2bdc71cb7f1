/** What the database says of an organisation and of the organisations that its people founded, read all at one moment. */
import { env } from "../../client.ts";

export interface TokenRow {
  id: string;
  org: string;
  digest: string;
  kind: string;
  status: string;
  disabled: 0 | 1;
  capabilities: string;
  expires_at: number | null;
  networks: string | null;
  limits: string | null;
  created_at: number;
}

export interface PersonalTokenRow {
  id: string;
  user_id: string;
  digest: string;
  status: string;
  expires_at: number | null;
}

export interface SessionRow {
  id: string;
  user_id: string;
  kind: string;
  digest: string;
  expires_at: number;
  authenticated_at: number;
  ended_at: number | null;
}

export interface Rows {
  orgs: { id: string; token_lifetime_max_ms: number | null }[];
  users: { id: string; org: string; name: string; email: string; status: string; deleted_at: number | null }[];
  members: { org: string; user_id: string; role: string }[];
  roles: { id: string; org: string; name: string; capabilities: string }[];
  groups: { id: string; org: string }[];
  group_members: { group_id: string; user_id: string }[];
  group_roles: { group_id: string; role: string }[];
  teams: { id: string; org: string }[];
  team_members: { team_id: string; user_id: string; owner: 0 | 1 }[];
  team_datasets: { team_id: string; dataset_id: string }[];
  team_leavers: { org: string; user_id: string }[];
  datasets: { id: string; org: string; name: string; deleted_at: number | null }[];
  tokens: TokenRow[];
  personal_tokens: PersonalTokenRow[];
  sessions: SessionRow[];
  invitations: { id: string; org: string; user_id: string; digest: string; status: string }[];
  issuers: { id: string; org: string; issuer: string; jwks_uri: string; claims: string; status: string }[];
  auth_providers: { id: string; org: string; name: string; issuer: string; deleted_at: number | null }[];
}

const OF_ORG = ["users", "members", "roles", "groups", "teams", "team_leavers", "datasets", "tokens", "invitations", "issuers"];
const OF_PEOPLE = ["personal_tokens", "sessions"];
const OF_GROUPS = ["group_members", "group_roles"];
const OF_TEAMS = ["team_members", "team_datasets"];

/** @param orgs ids. */
export async function rowsOf(orgs: readonly string[]): Promise<Rows> {
  const those = JSON.stringify(orgs);
  const IN = "IN (SELECT value FROM json_each(?))";
  const queries: [table: string, where: string][] = [
    ["orgs", `id ${IN}`],
    ["auth_providers", `org ${IN} AND deleted_at IS NULL`],
    ...OF_ORG.map((table): [string, string] => [table, `org ${IN}`]),
    ...OF_PEOPLE.map((table): [string, string] => [table, `user_id IN (SELECT id FROM users WHERE org ${IN})`]),
    ...OF_GROUPS.map((table): [string, string] => [table, `group_id IN (SELECT id FROM groups WHERE org ${IN})`]),
    ...OF_TEAMS.map((table): [string, string] => [table, `team_id IN (SELECT id FROM teams WHERE org ${IN})`]),
  ];
  const results = await env.DB.batch(queries.map(([table, where]) => env.DB.prepare(`SELECT * FROM ${table} WHERE ${where}`).bind(those)));
  return Object.fromEntries(queries.map(([table], index) => [table, results[index]?.results ?? []])) as unknown as Rows;
}
