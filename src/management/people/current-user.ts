/** The user who is calling. */
import * as v from "valibot";
import type { Visitor } from "../caller.ts";
import { type Change, commit, originOf } from "../change.ts";
import { Name, type Request, readBody } from "../request.ts";
import { PEOPLE, type Route } from "../route.ts";
import { unknownMember, viewMember } from "./members.ts";
import { rightsOf } from "./rights.ts";

export const Rename = v.strictObject({ name: Name });

/**
 * An API token has no user of its own, and to name the one who made it would show a person's name and address to everybody who
 * holds an ingest token, browsers included.
 */
export const currentUser: Route[] = [
  { method: "GET", path: "/v2/user", as: "visitor", by: PEOPLE, run: get },
  { method: "PUT", path: "/v2/user", as: "visitor", by: PEOPLE, run: rename },
  ...["/v1/user", "/api/v1/user"].map((path): Route => ({ method: "GET", path, as: "visitor", by: PEOPLE, run: first })),
];

async function get(c: Request, visitor: Visitor): Promise<Response> {
  return c.json(await view(c, visitor));
}

/** The union of what axiom-rs reads (`emails`) and what the first specification promised (`permissions`). */
async function first(c: Request, visitor: Visitor): Promise<Response> {
  const { user, membership } = visitor;
  const rights = user && membership ? await rightsOf(c.env.DB, membership.org, user.id, membership.role) : null;
  return c.json({ ...(await view(c, visitor)), emails: [user?.email], permissions: rights?.grant.org ?? [] });
}

/** The name is the same in every organisation; the change is one of the account's home. */
async function rename(c: Request, visitor: Visitor): Promise<Response> {
  const { user, credential } = visitor;
  const { name } = await readBody(c, Rename);
  if (!user) throw unknownMember("");
  const { id, home } = user;
  const change: Change = {
    ...{ id: c.var.traceId, at: c.var.now, org: home, action: "user.update", target: id, origin: originOf(c, credential) },
    ...{ actor: { kind: "user", id, name: user.name }, detail: { before: { name: user.name }, after: { name } } },
  };
  if (!(await commit(c.env.DB, change, [renamed(c.env.DB, id, home, name, change)], { table: "users", id }))) throw unknownMember(id);
  return c.json(await view(c, { ...visitor, user: { ...user, name } }));
}

/** The statement that gives an account another name. */
export function renamed(db: D1Database, id: string, home: string, name: string, change: Change): D1PreparedStatement {
  return db
    .prepare("UPDATE users SET name = ?, ver = ver + 1, change_id = ? WHERE id = ? AND org = ? AND deleted_at IS NULL")
    .bind(name, change.id, id, home);
}

async function view(c: Request, { user, membership }: Visitor) {
  const { id = "", name = "", email = "" } = user ?? {};
  const role = membership?.role ?? "none";
  const roleName = await c.env.DB.prepare("SELECT name FROM roles WHERE org = ? AND id = ?")
    .bind(membership?.org ?? "", role)
    .first<string>("name");
  return viewMember({ id, name, email, role, roleName });
}
