/** People of a deployment besides its owner, as the database has them. */
import { randomUUID } from "node:crypto";
import { digestOf, mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { type Answer, type Credential, call, type Deployment, env, succeeded } from "../client.ts";

export interface Member extends Credential {
  org: string;
  id: string;
  name: string;
  email: string;
}

/** Somebody with a role and a personal token. */
export async function member({ org }: Deployment, role: string, name = "Bob", id: string = randomUUID()): Promise<Member> {
  const { DB } = env;
  const token = mintToken("personal", settingsOf(env).tagKeys);
  const email = `${name.toLowerCase()}@acme.example`;
  await DB.batch([
    DB.prepare("INSERT INTO users (id, org, name, email, status, created_at, ver, change_id) VALUES (?, ?, ?, ?, 'active', 0, 1, '')").bind(
      ...[id, org, name, email],
    ),
    DB.prepare("INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) VALUES (?, ?, ?, ?, 0, 1, '')").bind(
      ...[`${org}/${id}`, org, id, role],
    ),
    DB.prepare(
      `INSERT INTO personal_tokens (id, user_id, digest, name, description, hint, status, created_at, change_id)
      VALUES (?, ?, ?, 'test', '', '', 'active', 0, '')`,
    ).bind(randomUUID(), id, digestOf(token)),
  ]);
  return { token, org, id, name, email };
}

/** As whoever changes a role does it. */
export async function giveRole({ org, id }: Member, role: string): Promise<void> {
  await env.DB.batch([
    env.DB.prepare("UPDATE members SET role = ?, ver = ver + 1 WHERE id = ?").bind(role, `${org}/${id}`),
    env.DB.prepare("UPDATE orgs SET rights = rights + 1 WHERE id = ?").bind(org),
  ]);
}

export async function role({ owner }: Deployment, name: string, capabilities: Record<string, unknown>): Promise<Answer> {
  return succeeded(await call("POST", "/v2/rbac/roles", owner, { name, ...capabilities }));
}

export async function group({ owner }: Deployment, name: string, roles: string[], members: Member[]): Promise<Answer> {
  return succeeded(await call("POST", "/v2/rbac/groups", owner, { name, roles, members: members.map(({ id }) => id) }));
}

export interface TeamAnswer extends Answer {
  members: { id: string; name: string; email: string; owner: boolean }[];
  datasets: string[];
}

/** The first of the members owns it. */
export async function team({ owner }: Deployment, name: string, members: Member[], datasets: string[]): Promise<TeamAnswer> {
  const joining = members.map(({ id }, at) => ({ user: id, owner: at === 0 }));
  return succeeded(await call<TeamAnswer>("POST", "/v2/teams", owner, { name, members: joining, datasets }));
}

/** Names of the datasets that somebody finds. */
export async function seenBy(credential: Credential): Promise<string[]> {
  return succeeded(await call<Answer[]>("GET", "/v2/datasets", credential)).map(({ name }) => name);
}
