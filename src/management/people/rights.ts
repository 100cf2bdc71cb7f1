/**
 * What a member may do: the role, and the roles of the groups that the member is in; on the datasets of the member's teams only, if
 * there are any. Who left the last of them without an administrator's doing sees none, as in a team without datasets. Read anew for each request, so that a change counts from the next one on.
 */
import { type Capability, EVERY, everything, type Grant, scopeAllows } from "../../access/capability.ts";

export const BUILT_IN_ROLES = ["owner", "admin", "user", "read-only", "none"] as const;
export type BuiltInRole = (typeof BUILT_IN_ROLES)[number];

export const ROLE_NAMES: Record<BuiltInRole, string> = {
  owner: "Owner",
  admin: "Admin",
  user: "User",
  "read-only": "Read Only",
  none: "None",
};

/** Only these can be members of teams. */
export const TEAM_ROLES: readonly string[] = ["user", "read-only"];
/** Whom no team restricts. */
const UNRESTRICTED: readonly string[] = ["owner", "admin"];

export interface Rights {
  /** Without an end. */
  grant: Grant;
  /** What the roles allow, whatever teams take away of it: teams change, and not only by those who may give it back. Without an end. */
  ofRoles: Grant;
  /** Ids of the only datasets that the member may see; null: all of them. */
  visible: ReadonlySet<string> | null;
}

const NOTHING: Grant = { datasets: {}, org: [], views: {}, expiresAt: null };
const SHARED = ["annotations", "dashboards", "endpoints", "flows", "monitors", "notifiers", "views"];
const all = (resources: string[], actions: string[]): Capability[] =>
  resources.flatMap((resource) => actions.map((action) => `${resource}:${action}`));
const CRUD = ["create", "read", "update", "delete"];
const EVERYTHING = everything();

const GRANTS: Record<BuiltInRole, Grant> = {
  owner: EVERYTHING,
  // the audit log can be granted by a custom role in a group; billing cannot
  admin: { ...EVERYTHING, org: EVERYTHING.org.filter((capability) => !/^(billing|auditLog):/.test(capability)) },
  user: {
    datasets: { [EVERY]: ["ingest:create", "query:read", ...all(["virtualFields", "starredQueries"], CRUD)] },
    org: [...["users:read", "rbac:read", "integrations:read", "datasets:create", "datasets:read", "datasets:update"], ...all(SHARED, CRUD)],
    views: { [EVERY]: ["query:read"] },
    expiresAt: null,
  },
  "read-only": {
    datasets: { [EVERY]: ["query:read", "virtualFields:read", "starredQueries:read"] },
    org: ["users:read", "rbac:read", "integrations:read", "datasets:read", ...all(SHARED, ["read"])],
    views: { [EVERY]: ["query:read"] },
    expiresAt: null,
  },
  none: NOTHING,
};

/** Null for a custom role. */
export function builtInGrant(role: string): Grant | null {
  return (BUILT_IN_ROLES as readonly string[]).includes(role) ? GRANTS[role as BuiltInRole] : null;
}

export async function rightsOf(db: D1Database, org: string, user: string, role: string): Promise<Rights> {
  if (role === "owner") return { grant: GRANTS.owner, ofRoles: GRANTS.owner, visible: null };
  const [groups, teams] = await db.batch([
    db
      .prepare(
        `SELECT x.role, r.capabilities FROM
          (SELECT ? AS role UNION SELECT gr.role FROM group_members gm JOIN groups g ON g.id = gm.group_id
            JOIN group_roles gr ON gr.group_id = g.id WHERE gm.user_id = ? AND g.org = ?) x
        LEFT JOIN roles r ON r.id = x.role AND r.org = ?`,
      )
      .bind(role, user, org, org),
    db
      .prepare(
        `SELECT d.dataset_id AS dataset FROM team_members m JOIN teams t ON t.id = m.team_id
        LEFT JOIN team_datasets d ON d.team_id = t.id WHERE m.user_id = ? AND t.org = ?
        UNION ALL SELECT NULL FROM team_leavers WHERE user_id = ? AND org = ?`,
      )
      .bind(user, org, user, org),
  ]);
  const roles = (groups?.results ?? []) as { role: string; capabilities: string | null }[];
  const ofRoles = roles
    .map((row) => builtInGrant(row.role) ?? (row.capabilities === null ? NOTHING : { ...JSON.parse(row.capabilities), expiresAt: null }))
    .reduce(union, NOTHING);
  const seen = (teams?.results ?? []) as { dataset: string | null }[];
  if (seen.length === 0 || UNRESTRICTED.includes(role)) return { grant: ofRoles, ofRoles, visible: null };
  const visible = new Set(seen.flatMap(({ dataset }) => (dataset === null ? [] : [dataset])));
  // nobody here knows which datasets a view reads
  return { grant: { ...ofRoles, datasets: onlyOn(visible, ofRoles.datasets), views: {} }, ofRoles, visible };
}

function union(one: Grant, other: Grant): Grant {
  return {
    datasets: unionOfScopes(one.datasets, other.datasets),
    org: [...new Set([...one.org, ...other.org])],
    views: unionOfScopes(one.views, other.views),
    expiresAt: null,
  };
}

function unionOfScopes(one: Grant["datasets"], other: Grant["datasets"]): Grant["datasets"] {
  const scopes = new Map(Object.entries(one));
  for (const [scope, held] of Object.entries(other)) scopes.set(scope, [...new Set([...(scopes.get(scope) ?? []), ...held])]);
  return Object.fromEntries(scopes);
}

/** A wildcard becomes the datasets themselves, so that it covers no other wildcard. A dataset on which nothing is held is not named. */
function onlyOn(visible: ReadonlySet<string>, scopes: Grant["datasets"]): Grant["datasets"] {
  const held = [...new Set(Object.values(scopes).flat())];
  const narrowed = [...visible].map((id) => [id, held.filter((capability) => scopeAllows(scopes, id, capability))] as const);
  return Object.fromEntries(narrowed.filter(([, capabilities]) => capabilities.length > 0));
}
