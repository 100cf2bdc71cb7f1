/**
 * Who may do what, written down apart from the source: the table of the design and its rules, in a form of its own. Nothing here is
 * imported from `src`, so that a mistake there is a difference here.
 */

/**
 * Route: credentials (S session, P personal token, A API token, I ingest token); what is needed: `x:y` on the organisation,
 * `@x:y` on the dataset, `@see` to see the dataset, `admin` the role, `recent` a sign-in of the last minutes. `open`: no token of Headgate's.
 */
export const TABLE = `
POST /v2/setup                                 open
POST /v2/setup/session                         open
GET /docs                                      open
GET /docs/:page                                open
GET /v2/orgs                                   SPA anywhere
GET /v2/orgs/:id                               SPA anywhere
GET /v1/orgs                                   SPA anywhere
GET /v1/orgs/:id                               SPA anywhere
GET /api/v1/orgs                               SPA anywhere
GET /api/v1/orgs/:id                           SPA anywhere
GET /v2/user                                   SP anywhere
GET /api/v1/user                               SP anywhere
GET /v1/user                                   SP anywhere
GET /v2/datasets                               SPA
POST /v2/datasets                              SPA datasets:create
GET /v2/datasets/:dataset                      SPA @see
PUT /v2/datasets/:dataset                      SPA datasets:update @see
DELETE /v2/datasets/:dataset                   SPA datasets:delete @see
GET /v1/datasets                               SPA
POST /v1/datasets                              SPA datasets:create
GET /v1/datasets/:dataset                      SPA @see
PUT /v1/datasets/:dataset                      SPA datasets:update @see
DELETE /v1/datasets/:dataset                   SPA datasets:delete @see
GET /api/v1/datasets                           SPA
POST /api/v1/datasets                          SPA datasets:create
GET /api/v1/datasets/:dataset                  SPA @see
PUT /api/v1/datasets/:dataset                  SPA datasets:update @see
DELETE /api/v1/datasets/:dataset               SPA datasets:delete @see
GET /v1/datasets/:dataset/info                 SPA @query:read
GET /api/v1/datasets/:dataset/info             SPA @query:read
GET /v2/datasets/:dataset/mapfields            SPA datasets:read @see
PUT /v2/datasets/:dataset/mapfields            SPA datasets:update @see
POST /v2/datasets/:dataset/mapfields           SPA datasets:update @see
DELETE /v2/datasets/:dataset/mapfields/:name   SPA datasets:update @see
GET /v2/datasets/:dataset/fields               SPA datasets:read @see
GET /v2/datasets/:dataset/fields/:field        SPA datasets:read @see
PUT /v2/datasets/:dataset/fields/:field        SPA datasets:update @see
GET /v2/vfields                                SPA
POST /v2/vfields                               SPA
GET /v2/vfields/:id                            SPA
PUT /v2/vfields/:id                            SPA
DELETE /v2/vfields/:id                         SPA
GET /api/v1/vfields                            SPA
POST /api/v1/vfields                           SPA
GET /api/v1/vfields/:id                        SPA
PUT /api/v1/vfields/:id                        SPA
DELETE /api/v1/vfields/:id                     SPA
GET /api/v1/virtualfields                      SPA
POST /api/v1/virtualfields                     SPA
GET /api/v1/virtualfields/:id                  SPA
PUT /api/v1/virtualfields/:id                  SPA
DELETE /api/v1/virtualfields/:id               SPA
GET /v2/annotations                            SPA annotations:read
POST /v2/annotations                           SPA annotations:create
GET /v2/annotations/:id                        SPA annotations:read
PUT /v2/annotations/:id                        SPA annotations:update
DELETE /v2/annotations/:id                     SPA annotations:delete
GET /v2/datasets/:dataset/settings             SPA datasets:read @see
PUT /v2/datasets/:dataset/settings             SPA datasets:update @see
POST /v2/datasets/:dataset/flush               SPA datasets:update @see
POST /v2/datasets/:dataset/trim                SPA @trim:update
POST /v1/datasets/:dataset/trim                SPA @trim:update
POST /api/v1/datasets/:dataset/trim            SPA @trim:update
POST /api/v1/datasets/:dataset/vacuum          SPA @vacuum:update
POST /v2/datasets/:dataset/vacuum              SPA @vacuum:update
POST /v1/datasets/:dataset/vacuum              SPA @vacuum:update
POST /v1/ingest/:dataset                       PA @ingest:create
POST /v1/datasets/:dataset/ingest              PA @ingest:create
POST /api/v1/datasets/:dataset/ingest          PA @ingest:create
POST /v1/datasets/:dataset/quarantine/:id/replay PA @ingest:create
GET /v1/datasets/:dataset/segments             SPA @query:read
GET /v1/datasets/:dataset/segments/:id         SPA @query:read
GET /v1/datasets/:dataset/stats                SPA @query:read
GET /v1/datasets/:dataset/tail                 SPA @query:read
POST /v1/datasets/:dataset/query               SPA @query:read
POST /api/v1/datasets/:dataset/query           SPA @query:read
POST /v1/query/_apl                            SPA
POST /v1/datasets/_apl                         SPA
POST /api/v1/datasets/_apl                     SPA
GET /v2/tokens                                 SPA apiTokens:read
POST /v2/tokens                                SPA apiTokens:create
GET /v2/tokens/:id                             SPA apiTokens:read
DELETE /v2/tokens/:id                          SPA
GET /v2/tokens/current                         SPA
POST /v2/tokens/identify                       SPA apiTokens:read
GET /v2/tokens/:id/details                     SPA apiTokens:read
GET /v2/tokens/:id/usage                       SPA apiTokens:read
PUT /v2/tokens/:id/settings                    SPA apiTokens:update
PUT /v2/tokens/:id/expiry                      SPA apiTokens:update
POST /v2/tokens/:id/disable                    SPA apiTokens:update
POST /v2/tokens/:id/enable                     SPA apiTokens:update
GET /v2/auth/issuers                           SPA apiTokens:read
POST /v2/auth/issuers                          S apiTokens:create recent
GET /v2/auth/issuers/:id                       SPA apiTokens:read
PUT /v2/auth/issuers/:id                       S apiTokens:update recent
DELETE /v2/auth/issuers/:id                    SPA apiTokens:delete
POST /v2/oauth/token                           open
GET /v2/users                                  SPA users:read
POST /v2/users                                 SPA users:create
GET /v2/users/:id                              SPA users:read
PUT /v2/users/:id                              SPA users:update
DELETE /v2/users/:id                           SPA recent
PUT /v2/users/:id/role                         SPA users:update recent
POST /v2/users/:id/disable                     SPA users:update recent
POST /v2/users/:id/enable                      SPA users:update recent
GET /v2/users/:id/details                      SP users:read admin
POST /v2/users/:id/invitation                  SP users:create
POST /v2/users/invite                          SP users:create
GET /v2/invitations                            SPA users:read
DELETE /v2/invitations/:id                     SPA users:create
PUT /v2/user                                   SP anywhere
POST /v2/orgs                                  S recent
PUT /v2/orgs/:id                               SP admin
GET /v2/orgs/:id/settings                      SP admin
PUT /v2/orgs/:id/settings                      SP admin
DELETE /v2/orgs/:id                            S recent
PUT /v2/setup/orgs/:id/status                  open
POST /v2/tokens/:id/regenerate                 SPA apiTokens:update
GET /v2/rbac/roles                             SPA rbac:read
POST /v2/rbac/roles                            SPA rbac:create
GET /v2/rbac/roles/:id                         SPA rbac:read
PUT /v2/rbac/roles/:id                         SPA rbac:create
DELETE /v2/rbac/roles/:id                      SPA rbac:create
GET /v2/rbac/groups                            SPA rbac:read
POST /v2/rbac/groups                           SPA rbac:create
GET /v2/rbac/groups/:id                        SPA rbac:read
PUT /v2/rbac/groups/:id                        SPA rbac:create
DELETE /v2/rbac/groups/:id                     SPA rbac:create
GET /v2/teams                                  SP rbac:read
POST /v2/teams                                 SP rbac:create admin
GET /v2/teams/:id                              SP rbac:read
PUT /v2/teams/:id                              SP rbac:read
DELETE /v2/teams/:id                           SP rbac:delete admin
GET /api/v1/teams                              SP rbac:read
POST /api/v1/teams                             SP rbac:create admin
GET /api/v1/teams/:id                          SP rbac:read
PUT /api/v1/teams/:id                          SP rbac:read
DELETE /api/v1/teams/:id                       SP rbac:delete admin
GET /v2/teams/leavers                          SP rbac:read admin
DELETE /v2/teams/leavers/:user                 SP rbac:update admin
GET /v2/teams/:id/candidates                   SP rbac:read
POST /v2/teams/:id/members                     SP rbac:read
DELETE /v2/teams/:id/members/:user             SP
POST /v2/teams/:id/datasets/:dataset           SP rbac:read @see
DELETE /v2/teams/:id/datasets/:dataset         SP rbac:read @see
GET /v2/audit                                  SPA auditLog:read
GET /v2/audit/export                           SPA auditLog:read
GET /v2/audit/refusals                         SPA auditLog:read
GET /v2/info/:kind/:target                     SP admin
GET /v2/upstream                               S admin
PUT /v2/upstream                               S admin recent
DELETE /v2/upstream                            S admin recent
GET /v2/auth/providers                         S admin
POST /v2/auth/providers                        S admin recent
GET /v2/auth/providers/:id                     S admin
PUT /v2/auth/providers/:id                     S admin recent
DELETE /v2/auth/providers/:id                  S admin recent
POST /v2/auth/providers/:id/test               S admin
GET /auth/session                              open
POST /auth/session-token                       open
POST /auth/logout                              open
GET /auth/invitations/:token                   open
GET /auth/:org                                 open
GET /auth/:org/:provider/login                 open
GET /auth/:org/:provider/callback              open
GET /v2/user/tokens                            SP anywhere
POST /v2/user/tokens                           S anywhere recent
DELETE /v2/user/tokens/:id                     SP anywhere
GET /v2/users/:id/tokens                       SP users:update
DELETE /v2/users/:id/tokens/:token             SP users:update
GET /v2/sessions                               S anywhere
POST /v2/sessions                              S anywhere
DELETE /v2/sessions                            S anywhere
DELETE /v2/sessions/:id                        S anywhere
GET /v2/users/:id/sessions                     SP users:update
DELETE /v2/users/:id/sessions                  SP users:update
DELETE /v2/users/:id/sessions/:session         SP users:update
POST /v2/tokens/import                         SP apiTokens:create
GET /api/v1/tokens/ingest/validate             open
GET /api/v1/tokens/ingest                      SP apiTokens:read
POST /api/v1/tokens/ingest                     SP apiTokens:create
GET /api/v1/tokens/ingest/:id                  SP apiTokens:read
DELETE /api/v1/tokens/ingest/:id               SP apiTokens:delete
GET /api/v1/tokens/ingest/:id/token            SP apiTokens:read
GET /api/v1/tokens/api                         SP apiTokens:read
POST /api/v1/tokens/api                        SP apiTokens:create
GET /api/v1/tokens/api/:id                     SP apiTokens:read
DELETE /api/v1/tokens/api/:id                  SP apiTokens:delete
GET /api/v1/tokens/api/:id/token               SP apiTokens:read
GET /api/v1/tokens/personal                    open
POST /api/v1/tokens/personal                   open
GET /api/v1/tokens/personal/:id                open
PUT /api/v1/tokens/personal/:id                open
DELETE /api/v1/tokens/personal/:id             open
GET /api/v1/tokens/personal/:id/token          open
POST /v1/report-leak                           open
POST /v1/github/secret-scanning                open
`;

/** Behind the gateway: each resource with all methods on the collection, on one, and on what belongs to one. */
export const FORWARDED: [path: string, resource: string][] = [
  ["/v2/dashboards", "dashboards"],
  ["/v2/endpoints", "endpoints"],
  ["/v2/flows", "flows"],
  ["/v2/integrations", "integrations"],
  ["/v2/monitors", "monitors"],
  ["/v2/notifiers", "notifiers"],
  ["/v2/views", "views"],
  ["/api/v1/dashboards", "dashboards"],
  ["/api/v1/monitors", "monitors"],
  ["/api/v1/notifiers", "notifiers"],
];
/** Judged by their dataset once the body is known: only the credential's kind is judged before. */
export const FORWARDED_OF_DATASETS = ["/v2/apl-starred-queries", "/api/v1/starredqueries"];

const ACTIONS: Record<string, string> = { GET: "read", POST: "update", PUT: "update", PATCH: "update", DELETE: "delete" };

function forwarded(): string[] {
  const lines: string[] = [];
  const add = (path: string, needs: (action: string) => string) => {
    lines.push(`GET ${path} SPA ${needs("read")}`, `POST ${path} SPA ${needs("create")}`);
    for (const below of ["/:id", "/:id/:part"])
      for (const [method, action] of Object.entries(ACTIONS)) lines.push(`${method} ${path}${below} SPA ${needs(action)}`);
  };
  for (const [path, resource] of FORWARDED) add(path, (action) => `${resource}:${action}`);
  for (const path of FORWARDED_OF_DATASETS) add(path, () => "");
  for (const path of ["/v2/dashboards", "/v2/monitors"])
    for (const method of ["PUT", "DELETE"]) lines.push(`${method} ${path}/:id/permissions/:user SPA ${path.slice(4)}:update`);
  lines.push("GET /v2/shared-access-keys SPA sharedAccessKeys:read", "PUT /v2/shared-access-keys SPA sharedAccessKeys:update");
  lines.push("GET /v2/billing S billing:read", "PUT /v2/billing S billing:update");
  return lines;
}

export interface Demand {
  route: string;
  open: boolean;
  kinds: string;
  org: string | null;
  dataset: string | null;
  admin: boolean;
  recent: boolean;
  anywhere: boolean;
}

export const DEMANDS: Demand[] = [...TABLE.trim().split("\n"), ...forwarded()].map((line) => {
  const [method, path, kinds = "", ...words] = line.trim().split(/\s+/);
  const has = (word: string) => words.includes(word);
  return {
    route: `${method} ${path}`,
    open: kinds === "open",
    kinds,
    org: words.find((word) => /^\w+:\w+$/.test(word)) ?? null,
    dataset: words.find((word) => word.startsWith("@"))?.slice(1) ?? null,
    admin: has("admin"),
    recent: has("recent"),
    anywhere: has("anywhere"),
  };
});

/** Everything there is, as Axiom's API has it. */
const CRUD = "create read update delete".split(" ");
const spell = (text: string) =>
  text.split(" ").flatMap((word) => {
    const [resource, letters = "crud"] = word.split("=");
    return [...letters].map((letter) => `${resource}:${CRUD["crud".indexOf(letter)]}`);
  });
const SHARED = "annotations dashboards endpoints flows monitors notifiers views";
const ALL = spell(`apiTokens datasets integrations rbac users ${SHARED} sharedAccessKeys=ru billing=ru auditLog=r`);
const ALL_ON_DATASETS = spell("ingest=c query=r starredQueries virtualFields trim=u vacuum=u data=d share=crd");

/** The design's table of roles. */
export const ROLES: Record<string, { org: string[]; datasets: string[] }> = {
  owner: { org: ALL, datasets: ALL_ON_DATASETS },
  admin: { org: ALL.filter((one) => !/^(billing|auditLog)/.test(one)), datasets: ALL_ON_DATASETS },
  user: {
    org: spell(`users=r rbac=r integrations=r datasets=cru ${SHARED}`),
    datasets: spell("ingest=c query=r virtualFields starredQueries"),
  },
  "read-only": {
    org: spell(`users=r rbac=r integrations=r datasets=r ${SHARED.replaceAll(/(\w+)/g, "$1=r")}`),
    datasets: spell("query=r virtualFields=r starredQueries=r"),
  },
  none: { org: [], datasets: [] },
  /** Made by the test. */
  custom: { org: spell("apiTokens=r monitors=r"), datasets: spell("trim=u") },
};

export interface Cell {
  demand: Demand;
  /** S, P, A, I, or `-`: none, `?`: a personal token that does not exist. */
  kind: string;
  role: string;
  /** For A: what the token holds instead of a role. */
  held: { org: string[]; datasets: string[] };
  /** In a team with the dataset, in a team without it, in none. */
  team: "with" | "without" | "none";
  org: "own" | "foreign" | "suspended" | "unnamed";
  dataset: "there" | "absent";
  signedIn: "just now" | "long ago";
}

/** The status: 200 stands for "let in". */
export function verdict({ demand, kind, role, held, team, org, dataset, signedIn }: Cell): number {
  if (demand.open) return 200;
  if (kind === "-") return 401;
  if (!demand.kinds.includes(kind === "?" ? "P" : kind)) return 403;
  if (kind === "?") return 401;
  if (org === "foreign") return 403;
  const late = demand.recent && kind === "S" && signedIn === "long ago";
  if (demand.anywhere) return late ? 403 : 200;
  if (org === "unnamed" && kind !== "A") return 400;
  if (org === "suspended") return 403;
  const may = kind === "A" ? held : (ROLES[role] as { org: string[]; datasets: string[] });
  if (demand.org && !may.org.includes(demand.org)) return 403;
  if (demand.admin && (kind === "A" || !["owner", "admin"].includes(role))) return 403;
  if (late) return 403;
  if (demand.dataset) {
    const restricted = kind !== "A" && !["owner", "admin"].includes(role) && team !== "none";
    const sees = may.datasets.length > 0 || ["datasets:read", "datasets:update", "datasets:delete"].some((one) => may.org.includes(one));
    if (dataset === "absent" || !sees || (restricted && team === "without")) return 404;
    if (demand.dataset !== "see" && !may.datasets.includes(demand.dataset)) return 403;
  }
  return 200;
}
