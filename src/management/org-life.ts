/** How an organisation begins beside the first, rests and ends. */
import * as v from "valibot";
import { Problem } from "../problem.ts";
import { type Caller, forbidden } from "./caller.ts";
import { allOf, type Change, type Condition, changeOf, commit, happened, originOf } from "./change.ts";
import { settingsOf } from "./env.ts";
import { insertOrganisation, newOrganisation } from "./org-store.ts";
import { namedOrganisation, organisation } from "./orgs.ts";
import { insertMember } from "./people/members.ts";
import { publishing } from "./publish.ts";
import { Name, type Request, readBody } from "./request.ts";
import type { Route } from "./route.ts";
import { requireSetupToken } from "./setup.ts";

/** Each shows up in every answer to its founder. */
const ORGANISATIONS_PER_USER_MAX = 20;

export const orgLife: Route[] = [
  { method: "POST", path: "/v2/orgs", as: "caller", by: ["session"], needs: null, recent: true, run: found },
  { method: "DELETE", path: "/v2/orgs/:id", as: "caller", by: ["session"], needs: null, recent: true, run: remove },
  { method: "PUT", path: "/v2/setup/orgs/:id/status", as: "anyone", by: "the setup token", run: setStatus },
];

const Naming = v.strictObject({ name: Name });
const NewStatus = v.strictObject({ status: v.picklist(["active", "suspended"], "must be active or suspended") });

function requireOwner({ role }: Caller): void {
  if (role !== "owner") throw forbidden("the role Owner");
}

/**
 * The founder becomes its owner as the user they are: whoever can sign in as that user, by the identity providers of the account's
 * home, is the new organisation's owner too.
 */
async function found(c: Request, caller: Caller): Promise<Response> {
  requireOwner(caller);
  const { DB: db } = c.env;
  const { name } = await readBody(c, Naming);
  const user = caller.actor.id;
  const org = newOrganisation(name, settingsOf(c.env).defaultRegion);
  const change: Change = { ...changeOf(c, caller, "organisation.create", org.id, { name, owner: caller.user?.email }), org: org.id };
  const trace = { table: "orgs", id: org.id } as const;
  const room: Condition = {
    sql: `(SELECT count(*) FROM members m JOIN orgs o ON o.id = m.org WHERE m.user_id = ? AND o.status <> 'deleted') < ?
      AND NOT EXISTS (SELECT 1 FROM orgs WHERE id = ?)`,
    values: [user, ORGANISATIONS_PER_USER_MAX, org.id],
  };
  const statements = [
    insertOrganisation(db, org, change, allOf(room, caller.unchanged)),
    insertMember(db, user, "owner", change, happened(trace, change)),
  ];
  if (!(await publishing(c, org.id, () => commit(db, change, statements, trace))))
    throw new Problem(
      "conflict",
      `you are in ${ORGANISATIONS_PER_USER_MAX} organisations, the most there may be, or what you may do changed at the same moment`,
    );
  return c.json(await organisation(c, { org: org.id, role: "owner" }));
}

/**
 * For good. Its datasets are removed by their regions; its tokens end with the document that the edges read; its people's credentials
 * end, too. Not while one of them is in another organisation, into which nobody could sign in any more.
 */
async function remove(c: Request, caller: Caller): Promise<Response> {
  const org = namedOrganisation(c, caller);
  requireOwner(caller);
  const { name } = await readBody(c, Naming);
  const { DB: db } = c.env;
  const known = await db.prepare("SELECT name FROM orgs WHERE id = ?").bind(org).first<string>("name");
  if (known !== name)
    throw new Problem(
      "body-invalid",
      `name must be the organisation's, ${JSON.stringify(known)}, to confirm that it is to be deleted with all its events`,
    );
  const change = changeOf(c, caller, "organisation.delete", org, { name });
  const { sql, values } = happened({ table: "orgs", id: org }, change);
  const of = (statement: string, ...bound: (string | number)[]) => db.prepare(`${statement} AND ${sql}`).bind(...bound, ...values);
  const only = allOf(alone(org), caller.unchanged);
  const statements = [
    db
      .prepare(
        `UPDATE orgs SET status = 'deleted', rights = rights + 1, updated_at = ?, ver = ver + 1, change_id = ?
        WHERE id = ? AND name = ? AND status = 'active' AND ${only.sql}`,
      )
      .bind(change.at, change.id, org, name, ...only.values),
    of("UPDATE datasets SET deleted_at = ?, change_id = ? WHERE org = ? AND deleted_at IS NULL", change.at, change.id, org),
    of("UPDATE invitations SET status = 'revoked', change_id = ? WHERE org = ? AND status = 'open'", change.id, org),
    of(`UPDATE personal_tokens SET status = 'revoked', change_id = ? WHERE status = 'active' AND ${OF_ITS_PEOPLE}`, change.id, org),
    of(`UPDATE sessions SET ended_at = ?, change_id = ? WHERE ended_at IS NULL AND ${OF_ITS_PEOPLE}`, change.at, change.id, org),
  ];
  if (!(await publishing(c, org, () => commit(db, change, statements, { table: "orgs", id: org }))))
    throw new Problem(
      "conflict",
      "somebody whose account was made here is in another organisation, which has to be deleted or left first; or something changed at the same moment",
    );
  return c.body(null, 204);
}

const OF_ITS_PEOPLE = "user_id IN (SELECT id FROM users WHERE org = ?)";

/** True while nobody whose account was made in the organisation is in another. */
function alone(org: string): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM members m JOIN users u ON u.id = m.user_id JOIN orgs o ON o.id = m.org
      WHERE u.org = ? AND m.org <> ? AND o.status <> 'deleted')`,
    values: [org, org],
  };
}

/** By whoever operates the deployment. A suspended organisation keeps everything, and can do nothing. */
async function setStatus(c: Request): Promise<Response> {
  requireSetupToken(c);
  const { DB: db } = c.env;
  const { status } = await readBody(c, NewStatus);
  const id = c.req.param("id") ?? "";
  const known = await db.prepare("SELECT name, status FROM orgs WHERE id = ?").bind(id).first<{ name: string; status: string }>();
  if (!known || known.status === "deleted") throw new Problem("resource-unknown", `organisation not found: ${id}`);
  const change: Change = {
    ...{ id: c.var.traceId, at: c.var.now, org: id, action: "organisation.status", target: id, origin: originOf(c, null) },
    ...{ actor: { kind: "setup", id: "setup", name: "Setup token" }, detail: { before: { status: known.status }, after: { status } } },
  };
  const update = db
    .prepare("UPDATE orgs SET status = ?, updated_at = ?, ver = ver + 1, change_id = ? WHERE id = ? AND status = ?")
    .bind(status, change.at, change.id, id, known.status);
  const set = () => commit(db, change, [update], { table: "orgs", id });
  if (status !== known.status && !(await publishing(c, id, set)))
    throw new Problem("conflict", `the organisation ${id} changed at the same moment; send the request again`);
  return c.json({ id, name: known.name, status });
}
