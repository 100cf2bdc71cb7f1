/**
 * Resources that Headgate does not own, such as monitors and dashboards, as Axiom's API has them: path and method -> capability. A
 * request that may go on is sent to the organisation's upstream with the gateway's own credential.
 */
import type { Capability } from "../../access/capability.ts";
import { type Caller, type CredentialKind, forbidden, requireOn } from "../caller.ts";
import type { Request } from "../request.ts";
import { ANY_CREDENTIAL, isAdmin, type Place, type Route } from "../route.ts";
import { forward } from "./forward.ts";
import { datasetNamed } from "./named-dataset.ts";

/** Of the whole organisation. */
const RESOURCES: [path: string, resource: string, by?: readonly CredentialKind[]][] = [
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

/** Reading and updating is all there is. */
const SETTINGS: [path: string, resource: string, by: readonly CredentialKind[]][] = [
  ["/v2/shared-access-keys", "sharedAccessKeys", ANY_CREDENTIAL],
  ["/v2/billing", "billing", ["session"]],
];

/** Of one dataset, which a query parameter or the body names. */
const OF_DATASETS: [path: string, resource: string][] = [
  ["/v2/apl-starred-queries", "starredQueries"],
  ["/api/v1/starredqueries", "starredQueries"],
];

/** Who may do what with somebody's write permissions (requirement of administrators, except for one's own). */
const SHARED: readonly string[] = ["/v2/dashboards", "/v2/monitors"];

const METHODS: [Place["method"], action: string][] = [
  ["GET", "read"],
  ["PUT", "update"],
  ["PATCH", "update"],
  ["DELETE", "delete"],
];

export const forwarded: Route[] = [
  ...SHARED.flatMap(permissions),
  ...RESOURCES.flatMap(([path, resource, by = ANY_CREDENTIAL]) =>
    places(path).map(([place, action]): Route => {
      return { ...place, as: "caller", by, needs: `${resource}:${action}`, run: forward };
    }),
  ),
  ...SETTINGS.flatMap(([path, resource, by]): Route[] => [
    { method: "GET", path, as: "caller", by, needs: `${resource}:read`, run: forward },
    { method: "PUT", path, as: "caller", by, needs: `${resource}:update`, run: forward },
  ]),
  ...OF_DATASETS.flatMap(([path, resource]) =>
    places(path).map(([place, action]): Route => {
      const run = (c: Request, caller: Caller) => forwardForDataset(c, caller, `${resource}:${action}`, place.path !== path);
      return { ...place, as: "caller", by: ANY_CREDENTIAL, needs: null, run };
    }),
  ),
];

/** The collection, one of it, and what belongs to one. A POST to something that exists, such as `validate`, changes it. */
function places(path: string): [Place, action: string][] {
  return [
    [{ method: "GET", path }, "read"],
    [{ method: "POST", path }, "create"],
    ...[`${path}/:id`, `${path}/:id/:part`].flatMap((one) =>
      METHODS.map(([method, action]): [Place, string] => [{ method, path: one }, action]),
    ),
    [{ method: "POST", path: `${path}/:id` }, "update"],
    [{ method: "POST", path: `${path}/:id/:part` }, "update"],
  ];
}

function permissions(path: string): Route[] {
  const resource = path.slice(path.lastIndexOf("/") + 1);
  return (["PUT", "DELETE"] as const).map((method): Route => {
    const common = { method, path: `${path}/:id/permissions/:user`, as: "caller", by: ANY_CREDENTIAL } as const;
    return { ...common, needs: `${resource}:update`, run: ownOrAdmin };
  });
}

function ownOrAdmin(c: Request, caller: Caller): Promise<Response> {
  if (!isAdmin(caller) && c.req.param("user") !== caller.user?.id)
    throw forbidden("the role Owner or Admin, which changing the permissions of others needs");
  return forward(c, caller);
}

/**
 * Which dataset an object behind the gateway belongs to is not known here, so whoever names one by its id must hold the capability on
 * all datasets.
 */
async function forwardForDataset(c: Request, caller: Caller, capability: Capability, byId: boolean): Promise<Response> {
  const { name, body } = byId ? { name: null, body: undefined } : await datasetNamed(c);
  requireOn(caller, capability, name === null ? { id: "*", name: "* (every dataset)" } : await idOf(c, caller, name));
  return forward(c, caller, body);
}

async function idOf(c: Request, caller: Caller, name: string): Promise<{ id: string; name: string }> {
  const found = await c.env.DB.prepare("SELECT id, name FROM datasets WHERE org = ? AND name = ? AND deleted_at IS NULL")
    .bind(caller.org, name)
    .first<{ id: string; name: string }>();
  // a dataset that only the upstream has
  return found ?? { id: "*", name };
}
