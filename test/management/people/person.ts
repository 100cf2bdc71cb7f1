/** People beside the owner, with credentials of both kinds. */
import { randomUUID } from "node:crypto";
import { digestOf, mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { type Answer, type Credential, call, type Deployment, env, MAY_ALL, succeeded } from "../client.ts";

export interface Person {
  id: string;
  email: string;
  personal: Credential;
  /** Signed in just now. */
  session: Credential;
}

/** What an API token needs to act upon any person at all. */
export const ALL_THERE_IS = {
  ...MAY_ALL,
  datasetCapabilities: {
    "*": {
      ...{
        ingest: ["create"],
        query: ["read"],
        trim: ["update"],
        vacuum: ["update"],
        data: ["delete"],
        share: ["create", "read", "delete"],
      },
      ...{ starredQueries: ["create", "read", "update", "delete"], virtualFields: ["create", "read", "update", "delete"] },
    },
  },
  viewCapabilities: { "*": { query: ["read"], share: ["create", "read", "delete"] } },
};

/** A user whom the owner made, and who has come. */
export async function person(made: Deployment, role: string, name: string = role): Promise<Person> {
  const email = `${name.toLowerCase().replaceAll(" ", "-")}@acme.example`;
  const { id } = succeeded(await call("POST", "/v2/users", made.owner, { name, email, role }));
  return { id, email, ...(await credentials(made.org, id)) };
}

export async function credentials(org: string, user: string): Promise<Pick<Person, "personal" | "session">> {
  return { personal: await personalToken(org, user), session: await session(org, user) };
}

/** As the database has it after a sign-in at that time. */
export async function session(org: string, user: string, signedInAt = Date.now()): Promise<Credential> {
  const token = mintToken("session", settingsOf(env).tagKeys);
  await env.DB.prepare(
    `INSERT INTO sessions (id, user_id, kind, digest, description, hint, created_at, expires_at, authenticated_at, last_used_at, change_id)
    VALUES (?, ?, 'api', ?, '', '', ?, ?, ?, ?, '')`,
  )
    .bind(randomUUID(), user, digestOf(token), signedInAt, signedInAt + 86_400_000, signedInAt, signedInAt)
    .run();
  return { token, org };
}

async function personalToken(org: string, user: string): Promise<Credential> {
  const token = mintToken("personal", settingsOf(env).tagKeys);
  await env.DB.prepare(
    `INSERT INTO personal_tokens (id, user_id, digest, name, description, hint, status, created_at, change_id)
    VALUES (?, ?, ?, 'test', '', '', 'active', ?, '')`,
  )
    .bind(randomUUID(), user, digestOf(token), Date.now())
    .run();
  return { token, org };
}

/** As the database has it after a first sign-in with a provider. */
export async function identity(org: string, user: string): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO identities (id, org, issuer, subject, user_id, provider, created_at, last_used_at, change_id)
    VALUES (?, ?, 'https://idp.example', ?, ?, 'p', 0, 0, '')`,
  )
    .bind(randomUUID(), org, user, user)
    .run();
}

/** @param capabilities on the organisation, such as `users:update`. */
export async function customRole(
  { org }: Deployment,
  name: string,
  capabilities: string[],
  datasets: Record<string, string[]> = {},
): Promise<string> {
  const id = randomUUID();
  await env.DB.prepare(
    "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES (?, ?, ?, '', ?, 0, 1, '')",
  )
    .bind(id, org, name, JSON.stringify({ datasets, org: capabilities, views: {} }))
    .run();
  return id;
}

/** Makes the user a member of a team that sees nothing. */
export async function teamOf(org: string, user: string, team = randomUUID()): Promise<string> {
  await env.DB.batch([
    env.DB.prepare(
      "INSERT OR IGNORE INTO teams (id, org, name, description, created_at, ver, change_id) VALUES (?, ?, ?, '', 0, 1, '')",
    ).bind(team, org, team),
    env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES (?, ?, 0, 0)").bind(team, user),
  ]);
  return team;
}

/** The database, in which something happens right before the next commit. */
export function justBefore(event: () => Promise<unknown>): D1Database {
  return {
    prepare: (sql: string) => env.DB.prepare(sql),
    async batch(statements: D1PreparedStatement[]) {
      await event();
      return env.DB.batch(statements);
    },
  } as unknown as D1Database;
}

export async function rowsOf<T = Record<string, unknown>>(sql: string, ...values: (string | number)[]): Promise<T[]> {
  return (
    await env.DB.prepare(sql)
      .bind(...values)
      .all<T>()
  ).results;
}

export async function membersOf(credential: Credential): Promise<(Answer & { role: { id: string; name: string } })[]> {
  return succeeded(await call<(Answer & { role: { id: string; name: string } })[]>("GET", "/v2/users", credential));
}
