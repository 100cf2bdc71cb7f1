/**
 * What administrators choose for their organisation: its name, and settings of Headgate's own. These are not in the organisation
 * object, because axiom-go refuses members it does not know.
 */
import * as v from "valibot";
import type { Caller } from "./caller.ts";
import { changeOf, commit } from "./change.ts";
import { namedOrganisation, organisation, unknownOrganisation } from "./orgs.ts";
import { publishing } from "./publish.ts";
import { Name, type Request, readBody } from "./request.ts";
import { PEOPLE, type Route } from "./route.ts";

/** A shorter life would end tokens before anybody could use them. */
const TOKEN_LIFETIME_S_MIN = 3_600;
const TOKEN_LIFETIME_S_MAX = 10 * 365 * 86_400;
/** What an attack leaves behind must not be gone before anybody looks. */
const AUDIT_KEEP_DAYS_MIN = 30;
const AUDIT_KEEP_DAYS_MAX = 3_650;

export interface OrganisationSettings {
  /** Longest life of a new token, seconds; null: no limit. */
  tokenLifetimeMax: number | null;
  /** What becomes of a user's API tokens when the user is deleted. */
  onCreatorRemoved: "keep" | "revoke";
  auditKeepDays: number;
}

const common = { as: "caller", by: PEOPLE, needs: null, admin: true } as const;

export const orgSettings: Route[] = [
  { ...common, method: "PUT", path: "/v2/orgs/:id", run: rename },
  { ...common, method: "GET", path: "/v2/orgs/:id/settings", run: get },
  { ...common, method: "PUT", path: "/v2/orgs/:id/settings", run: update },
];

const Rename = v.strictObject({ name: Name });

const wholeNumber = (least: number, most: number) => {
  const words = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(words), v.integer(words), v.minValue(least, words), v.maxValue(most, words));
};

/** What is not given stays. */
const Update = v.strictObject({
  tokenLifetimeMax: v.optional(v.nullable(wholeNumber(TOKEN_LIFETIME_S_MIN, TOKEN_LIFETIME_S_MAX))),
  onCreatorRemoved: v.optional(v.picklist(["keep", "revoke"], "must be keep or revoke")),
  auditKeepDays: v.optional(wholeNumber(AUDIT_KEEP_DAYS_MIN, AUDIT_KEEP_DAYS_MAX)),
});

async function rename(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const org = namedOrganisation(c, caller);
  const { name } = await readBody(c, Rename);
  const before = await db.prepare("SELECT name FROM orgs WHERE id = ?").bind(org).first<string>("name");
  const change = changeOf(c, caller, "organisation.update", org, { before: { name: before }, after: { name } });
  const update = db
    .prepare("UPDATE orgs SET name = ?, updated_at = ?, ver = ver + 1, change_id = ? WHERE id = ? AND status = 'active'")
    .bind(name, change.at, change.id, org);
  if (!(await publishing(c, org, () => commit(db, change, [update], { table: "orgs", id: org })))) throw unknownOrganisation(org);
  return c.json(await organisation(c, { org, role: caller.role ?? "none" }));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(await settingsOfOrganisation(c.env.DB, namedOrganisation(c, caller)));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const org = namedOrganisation(c, caller);
  const wanted = await readBody(c, Update);
  const before = await settingsOfOrganisation(db, org);
  const after = { ...before, ...wanted };
  const change = changeOf(c, caller, "organisation.settings", org, { before, after });
  const { tokenLifetimeMax, onCreatorRemoved, auditKeepDays } = after;
  const statement = db
    .prepare(
      `UPDATE orgs SET token_lifetime_max_ms = ?, on_creator_removed = ?, audit_keep_days = ?, ver = ver + 1, change_id = ?
      WHERE id = ? AND status = 'active'`,
    )
    .bind(tokenLifetimeMax === null ? null : tokenLifetimeMax * 1_000, onCreatorRemoved, auditKeepDays, change.id, org);
  if (!(await publishing(c, org, () => commit(db, change, [statement], { table: "orgs", id: org })))) throw unknownOrganisation(org);
  return c.json(after);
}

async function settingsOfOrganisation(db: D1Database, org: string): Promise<OrganisationSettings> {
  const row = await db
    .prepare(
      `SELECT token_lifetime_max_ms / 1000 AS tokenLifetimeMax, on_creator_removed AS onCreatorRemoved, audit_keep_days AS auditKeepDays
      FROM orgs WHERE id = ?`,
    )
    .bind(org)
    .first<OrganisationSettings>();
  if (!row) throw unknownOrganisation(org);
  return row;
}
