/** What a browser does with its session: look, make a token of it, end it. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { SESSION_LIFE_MS } from "../../access/staleness.ts";
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import { isRecent } from "../caller.ts";
import { type Change, commit, originOf } from "../change.ts";
import { settingsOf } from "../env.ts";
import { insertSession } from "../people/session.ts";
import { Description, type Request, readBody } from "../request.ts";
import type { Route } from "../route.ts";
import { browserSession, endSession, type SessionHolder } from "./browser-session.ts";
import { requireSameOrigin } from "./same-origin.ts";

/** Live ones of one person. */
const SESSION_TOKENS_MAX = 200;

const NewToken = v.strictObject({ description: Description });

export const sessionRoutes: Route[] = [
  { method: "GET", path: "/auth/session", as: "anyone", by: "the session cookie", run: look },
  { method: "POST", path: "/auth/session-token", as: "anyone", by: "the session cookie, from a page of this deployment", run: makeToken },
  { method: "POST", path: "/auth/logout", as: "anyone", by: "the session cookie, from a page of this deployment", run: logOut },
];

async function look(c: Request): Promise<Response> {
  const { user, memberships, expiresAt, authenticatedAt } = await browserSession(c);
  const { results } = await c.env.DB.prepare("SELECT id, name FROM orgs WHERE id IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify(memberships.map(({ org }) => org)))
    .all<{ id: string; name: string }>();
  return c.json({
    user: { id: user.id, name: user.name, email: user.email },
    organisations: memberships.map(({ org, role }) => ({ id: org, name: results.find(({ id }) => id === org)?.name ?? org, role })),
    expiresAt: new Date(expiresAt).toISOString(),
    authenticatedAt: new Date(authenticatedAt).toISOString(),
  });
}

/** Lives as long as a token may when its owner has just signed in; otherwise no longer than what it was made of. */
async function makeToken(c: Request): Promise<Response> {
  requireSameOrigin(c);
  const holder = await browserSession(c);
  const { description } = await readBody(c, NewToken);
  const { now } = c.var;
  const token = mintToken("session", settingsOf(c.env).tagKeys);
  const session = {
    ...({ id: randomUUID(), user: holder.user.id, kind: "api", digest: digestOf(token), hint: token.slice(-4) } as const),
    description: description ?? "",
    expiresAt: isRecent(holder.authenticatedAt, now) ? now + SESSION_LIFE_MS : holder.expiresAt,
    authenticatedAt: holder.authenticatedAt,
  };
  if (!(await create(c, holder, session)))
    throw new Problem(
      "conflict",
      `the session has just ended, or you have ${SESSION_TOKENS_MAX} session tokens, the most there may be; end one`,
    );
  return c.json({ id: session.id, token, expiresAt: new Date(session.expiresAt).toISOString() });
}

function create(c: Request, { user, credentialId }: SessionHolder, session: Parameters<typeof insertSession>[1]): Promise<boolean> {
  const { DB: db } = c.env;
  const { now } = c.var;
  const change: Change = {
    ...{ id: c.var.traceId, at: now, org: user.home, action: "session.create", target: session.id },
    actor: { kind: "user", id: user.id, name: user.name },
    detail: { kind: "api", user: user.id, expiresAt: new Date(session.expiresAt).toISOString() },
    origin: originOf(c, { kind: "session", id: credentialId }),
  };
  const only = {
    sql: `EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ? AND s.ended_at IS NULL AND u.status = 'active')
      AND (SELECT count(*) FROM sessions WHERE user_id = ? AND kind = 'api' AND ended_at IS NULL AND expires_at > ?) < ?`,
    values: [credentialId, user.id, now, SESSION_TOKENS_MAX],
  };
  return commit(db, change, [insertSession(db, session, change, only)], { table: "sessions", id: session.id });
}

/** Also for who is not signed in: the cookie goes either way. */
async function logOut(c: Request): Promise<Response> {
  requireSameOrigin(c);
  c.header("set-cookie", await endSession(c), { append: true });
  return c.body(null, 204);
}
