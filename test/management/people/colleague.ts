/** Another member of the organisation, with a session of a sign-in just now. */
import { digestOf, mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { type Credential, type Deployment, env } from "../client.ts";

export async function colleague({ org }: Deployment, role: string): Promise<{ id: string; session: Credential }> {
  const id = crypto.randomUUID();
  const token = mintToken("session", settingsOf(env).tagKeys);
  const now = Date.now();
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO users (id, org, name, email, status, created_at, ver, change_id) VALUES (?, ?, ?, ?, 'active', ?, 1, '')",
    ).bind(...[id, org, role, `${id}@acme.example`, now]),
    env.DB.prepare("INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) VALUES (?, ?, ?, ?, ?, 1, '')").bind(
      ...[`${org}/${id}`, org, id, role, now],
    ),
    env.DB.prepare(
      `INSERT INTO sessions (id, user_id, kind, digest, description, hint, created_at, expires_at, authenticated_at, last_used_at, change_id)
      VALUES (?, ?, 'api', ?, '', '', ?, ?, ?, ?, '')`,
    ).bind(crypto.randomUUID(), id, digestOf(token), now, now + 30 * 86_400_000, now, now),
  ]);
  return { id, session: { token, org } };
}
