/**
 * The first organisation, its owner and the owner's token: made once, by whoever holds the secret of the deployment. Without that
 * secret the route does not exist, so no visitor can be faster than the operator.
 */
import { createHash, randomInt, randomUUID, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import * as v from "valibot";
import { readAuthorization } from "../access/authorization.ts";
import { digestOf, mintToken } from "../access/token.ts";
import { Problem } from "../problem.ts";
import { type Change, commit, happened } from "./change.ts";
import { settingsOf } from "./env.ts";
import { publishing } from "./publish.ts";
import { type Management, Name, type Request, readBody } from "./request.ts";

const Setup = v.strictObject({
  organisation: v.nullish(Name),
  name: Name,
  email: v.pipe(v.string(), v.maxLength(254), v.regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address")),
});
type Setup = v.InferOutput<typeof Setup>;

export const setup = new Hono<Management>();

setup.post("/v2/setup", async (c) => {
  requireSetupToken(c);
  const request = await readBody(c, Setup);
  if (await c.env.DB.prepare("SELECT 1 FROM orgs LIMIT 1").first()) throw done();
  const organisation = request.organisation ?? request.name;
  const org = { id: `${slugOf(organisation)}-${randomText(4)}`, name: organisation };
  const user = { id: randomUUID(), name: request.name, email: request.email };
  const token = mintToken("personal", settingsOf(c.env).tagKeys);
  if (!(await publishing(c, org.id, () => create(c, org, user, digestOf(token))))) throw done();
  return c.json({ org, user, token });
});

/** Compares digests, in constant time: the secret is the operator's own and may be short. */
function requireSetupToken(c: Request): void {
  const { setupToken } = settingsOf(c.env);
  if (setupToken === null) throw new Problem("route-unknown", `${c.req.path} is no route of this Worker`);
  const shown = readAuthorization(c.req.raw.headers);
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (!timingSafeEqual(digest(shown), digest(setupToken)))
    throw new Problem("token-unknown", "the token is not the SETUP_TOKEN of this deployment");
}

/** The guard stands in the first INSERT: of two at once, the second finds an organisation and does nothing. */
function create(c: Request, org: { id: string; name: string }, user: Setup & { id: string }, digest: string): Promise<boolean> {
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
  };
  const trace = { table: "orgs", id: org.id } as const;
  const { sql, values } = happened(trace, change);
  const statements = [
    db
      .prepare(
        `INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id)
        SELECT ?, ?, 'active', ?, ?, ?, 1, ? WHERE NOT EXISTS (SELECT 1 FROM orgs)`,
      )
      .bind(org.id, org.name, settingsOf(c.env).defaultRegion, now, now, traceId),
    db
      .prepare(`INSERT INTO users (id, name, email, created_at) SELECT ?, ?, ?, ? WHERE ${sql}`)
      .bind(user.id, user.name, user.email, now, ...values),
    db
      .prepare(`INSERT INTO members (org, user_id, role, created_at, ver) SELECT ?, ?, 'owner', ?, 1 WHERE ${sql}`)
      .bind(org.id, user.id, now, ...values),
    db
      .prepare(
        `INSERT INTO personal_tokens (id, user_id, digest, name, status, expires_at, created_at)
        SELECT ?, ?, ?, 'setup', 'active', NULL, ? WHERE ${sql}`,
      )
      .bind(randomUUID(), user.id, digest, now, ...values),
  ];
  return commit(db, change, statements, trace);
}

function done(): Problem {
  return new Problem("entity-exists", "entity exists: this deployment has been set up; ask its owner for a token");
}

function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
  return slug || "org";
}

function randomText(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join("");
}
