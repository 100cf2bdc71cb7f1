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

/** The subset rule for whatever hands rights on to people. A role has no end, and neither has what a person may hand on. */
export function requireWithinCaller(caller: Caller, grant: Capabilities, what: string): void {
  const excess = beyond({ ...mayGrant(caller), expiresAt: null }, { ...grant, expiresAt: null });
  if (excess) throw new Problem("grant-too-wide", `${what} exceeds what you may do yourself: ${excess}; ask an owner`);
}

async function customGrant(db: D1Database, org: string, role: string): Promise<Grant | null> {
  const row = await db.prepare("SELECT capabilities FROM roles WHERE org = ? AND id = ?").bind(org, role).first<{ capabilities: string }>();
  return row && { ...JSON.parse(row.capabilities), expiresAt: null };
}
