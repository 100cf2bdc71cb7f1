/** Which roles somebody may give to others: those that do no more than the giver may. */
import { beyond, type Grant } from "../../access/capability.ts";
import { Problem } from "../../problem.ts";
import { type Caller, mayGrant } from "../caller.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Condition } from "../change.ts";
import { BUILT_IN_ROLES, builtInGrant } from "./rights.ts";

/**
 * What a role may do, if the caller may give it.
 * @throws Problem `body-invalid` for a role that does not exist, `grant-too-wide` naming what goes beyond the caller.
 */
export async function assignable(db: D1Database, caller: Caller, role: string): Promise<Grant> {
  if (role !== "none") requireLasting(caller);
  requireRank(caller, role, `the role ${role}`);
  const grant = builtInGrant(role) ?? (await customGrant(db, caller.org, role));
  if (!grant)
    throw new Problem(
      "body-invalid",
      `there is no role ${JSON.stringify(role)}; there is ${BUILT_IN_ROLES.join(", ")}, and GET /v2/rbac/roles lists others`,
    );
  requireWithinCaller(caller, grant, `the role ${role}`);
  return grant;
}

/**
 * True at commit time while neither the caller nor anybody's rights in the organisation have changed since this was read: to be read
 * before whatever is judged by them. `caller.unchanged` of an API token says nothing of roles, groups and teams.
 */
export async function asJudged(db: D1Database, { org, unchanged }: Caller): Promise<Condition> {
  const rights = await db.prepare("SELECT rights FROM orgs WHERE id = ?").bind(org).first<number>("rights");
  return {
    sql: `EXISTS (SELECT 1 FROM orgs WHERE id = ? AND rights = ?) AND ${unchanged.sql}`,
    values: [org, rights, ...unchanged.values],
  };
}

/**
 * Owners and administrators may do what no capability says, so that no custom role comes near them: who gives the role, or acts upon
 * somebody who has it, must have it themselves, administrators at least.
 * @throws Problem `grant-too-wide`.
 */
export function requireRank({ role }: Caller, other: string, what: string): void {
  const needed: readonly string[] = other === "owner" ? ["owner"] : other === "admin" ? ["owner", "admin"] : [];
  if (needed.length > 0 && !needed.includes(role ?? ""))
    throw new Problem("grant-too-wide", `${what} exceeds what you may do yourself, whatever capabilities you hold; ask an owner`);
}

/**
 * What people are given has no end and comes from anywhere. A credential that ends, or is bound to networks or limits, would outlive
 * itself in them.
 * @throws Problem `sign-in-required` for a session of some time ago, `grant-too-wide` for any other such credential.
 */
export function requireLasting({ grant, narrowed, credential }: Caller): void {
  if (grant.expiresAt === null && !narrowed) return;
  if (credential.kind === "session")
    throw new Problem(
      "sign-in-required",
      "to give people rights needs a sign-in of the last 15 minutes: sign in again and use the new session",
    );
  throw new Problem(
    "grant-too-wide",
    "what people are given has no end, so a token that has one, or has networks or limits, gives none; use a session, or a token without",
  );
}

/** The subset rule for whatever hands rights on to people. A role has no end, and neither has what a person may hand on. */
export function requireWithinCaller(caller: Caller, grant: Capabilities, what: string): void {
  const excess = beyond({ ...mayGrant(caller), expiresAt: null }, { ...grant, expiresAt: null });
  if (excess) throw new Problem("grant-too-wide", `${what} exceeds what you may do yourself: ${excess}; ask an owner`);
}

async function customGrant(db: D1Database, org: string, role: string): Promise<Grant | null> {
  const row = await db.prepare("SELECT capabilities FROM roles WHERE org = ? AND id = ?").bind(org, role).first<{ capabilities: string }>();
  return row && { ...JSON.parse(row.capabilities), expiresAt: null };
}
