/**
 * The first organisation, its owner and the owner's token: made once, by whoever holds the secret of the deployment. Without that
 * secret the route does not exist, so no visitor can be faster than the operator.
 */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { readAuthorization } from "../access/authorization.ts";
import { sameSecret } from "../access/same-secret.ts";
import { SESSION_LIFE_MS } from "../access/staleness.ts";
import { digestOf, mintToken } from "../access/token.ts";
import { Problem } from "../problem.ts";
import { type Change, commit, happened, originOf } from "./change.ts";
import { settingsOf } from "./env.ts";
import { insertOrganisation, type NewOrganisation, newOrganisation } from "./org-store.ts";
import { insertMember, insertUser } from "./people/members.ts";
import { insertSession, type NewSession } from "./people/session.ts";
import { publishing } from "./publish.ts";
import { Email, Name, queryOf, type Request, readBody } from "./request.ts";
import type { Route } from "./route.ts";

const Setup = v.strictObject({
  organisation: v.nullish(Name),
  name: Name,
  email: Email,
});
type Setup = v.InferOutput<typeof Setup>;

export const setup: Route[] = [
  { method: "POST", path: "/v2/setup", as: "anyone", by: "the setup token", run: setUp },
  { method: "POST", path: "/v2/setup/session", as: "anyone", by: "the setup token", run: openSession },
];

async function setUp(c: Request): Promise<Response> {
  requireSetupToken(c);
  const request = await readBody(c, Setup);
  if (await c.env.DB.prepare("SELECT 1 FROM orgs LIMIT 1").first()) throw done();
  const org = newOrganisation(request.organisation ?? request.name, settingsOf(c.env).defaultRegion);
  const user = { id: randomUUID(), name: request.name, email: request.email };
  const token = mintToken("personal", settingsOf(c.env).tagKeys);
  const session = newSession(c, user.id);
  if (!(await publishing(c, org.id, () => create(c, org, user, token, session)))) throw done();
  return c.json({ org: { id: org.id, name: org.name }, user, token, session: session.token });
}

/**
 * In constant time: the secret is the operator's own and may be short.
 * @throws Problem `route-unknown` where there is no such secret, `token-unknown`.
 */
export function requireSetupToken(c: Request): void {
  const { setupToken } = settingsOf(c.env);
  if (setupToken === null) throw new Problem("route-unknown", `${c.req.path} is no route of this Worker`);
  const shown = readAuthorization(c.req.raw.headers, queryOf(c));
  if (!sameSecret(shown, setupToken)) throw new Problem("token-unknown", "the token is not the SETUP_TOKEN of this deployment");
}

/** The guard stands in the first INSERT: of two at once, the second finds an organisation and does nothing. */
function create(c: Request, org: NewOrganisation, user: Setup & { id: string }, token: string, session: MintedSession): Promise<boolean> {
  const { DB: db } = c.env;
  const { now, traceId } = c.var;
  const change: Change = {
    id: traceId,
    at: now,
    org: org.id,
    actor: { kind: "setup", id: user.id, name: user.name },
    action: "organisation.create",
    target: org.id,
    detail: { name: org.name, owner: user.email },
    origin: originOf(c, null),
  };
  const trace = { table: "orgs", id: org.id } as const;
  const { sql, values } = happened(trace, change);
  const statements = [
    insertOrganisation(db, org, change, { sql: "NOT EXISTS (SELECT 1 FROM orgs)", values: [] }),
    insertUser(db, user, change, { sql, values }),
    insertMember(db, user.id, "owner", change, { sql, values }),
    db
      .prepare(
        `INSERT INTO personal_tokens (id, user_id, digest, name, description, hint, status, expires_at, created_at, change_id)
        SELECT ?, ?, ?, 'setup', '', ?, 'active', NULL, ?, ? WHERE ${sql}`,
      )
      .bind(randomUUID(), user.id, digestOf(token), token.slice(-4), now, traceId, ...values),
    insertSession(db, session, change, { sql, values }),
  ];
  return commit(db, change, statements, trace);
}

type MintedSession = NewSession & { token: string };

/** Holding the setup token proves as much as a sign-in does: whoever operates the deployment can read its database. */
function newSession(c: Request, user: string): MintedSession {
  const { now } = c.var;
  const token = mintToken("session", settingsOf(c.env).tagKeys);
  return {
    ...{ id: randomUUID(), user, kind: "api", token, digest: digestOf(token), hint: token.slice(-4) },
    ...{ description: "setup", expiresAt: now + SESSION_LIFE_MS, authenticatedAt: now },
  };
}

/**
 * A new session for an owner who has none any more, such as before an identity provider is configured: the way back in for whoever
 * operates the deployment.
 */
async function openSession(c: Request): Promise<Response> {
  requireSetupToken(c);
  const { organisation, email } = await readBody(c, v.strictObject({ organisation: v.string(), email: v.string() }));
  const { DB: db } = c.env;
  const user = await db
    .prepare(
      `SELECT u.id, u.name FROM members m JOIN users u ON u.id = m.user_id
      WHERE m.org = ? AND m.role = 'owner' AND u.email = ? AND u.status = 'active'`,
    )
    .bind(organisation, email)
    .first<{ id: string; name: string }>();
  if (!user) throw new Problem("resource-unknown", `not found: ${organisation} has no owner with this e-mail address`);
  const session = newSession(c, user.id);
  const change: Change = {
    ...{ id: c.var.traceId, at: c.var.now, org: organisation, action: "session.create", target: session.id },
    ...{ actor: { kind: "setup", id: "setup", name: "Setup token" }, detail: { user: user.id }, origin: originOf(c, null) },
  };
  const always = { sql: "EXISTS (SELECT 1 FROM users WHERE id = ? AND status = 'active')", values: [user.id] };
  await commit(db, change, [insertSession(db, session, change, always)], { table: "sessions", id: session.id });
  return c.json({ id: session.id, token: session.token, expiresAt: new Date(session.expiresAt).toISOString() });
}

function done(): Problem {
  return new Problem("entity-exists", "entity exists: this deployment has been set up; ask its owner for a token");
}
