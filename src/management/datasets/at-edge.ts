/**
 * The edge's paths at management's own address: for personal tokens, which no edge takes, and for clients that know one address only.
 * The caller is judged here; the dataset's region does the work.
 */
import { scopeAllows } from "../../access/capability.ts";
import { type OrganisationMap, organisationMap, type PermissionSet, permissionSet } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import type { Caller, CredentialKind } from "../caller.ts";
import { regionUrls, settingsOf } from "../env.ts";
import { addressOf, type Request } from "../request.ts";
import { ANY_CREDENTIAL, type DatasetRoute, type Route } from "../route.ts";
import { ACCOUNT, publishedLimits } from "../tokens/store.ts";
import { PUBLISHED_SETTINGS, type PublishedRow, publishedSettings } from "./settings-store.ts";
import type { Dataset } from "./store.ts";
import { refuseUpgrade, whileProven } from "./tail.ts";

/** Sessions never send events. */
const SENDERS: readonly CredentialKind[] = ["api", "personal"];
const AT_EDGE = ["ingest:create", "query:read"];

const sending = { method: "POST", as: "dataset", by: SENDERS, needs: null, on: "ingest:create", run: pass } as const;
const reading = { method: "GET", as: "dataset", by: ANY_CREDENTIAL, needs: null, on: "query:read", run: pass } as const;

export const atEdge: Route[] = [
  ...["/v1/ingest/:dataset", "/v1/datasets/:dataset/ingest", "/api/v1/datasets/:dataset/ingest"].map(
    (path): DatasetRoute => ({ ...sending, path }),
  ),
  { ...sending, path: "/v1/datasets/:dataset/quarantine/:id/replay" },
  { ...reading, path: "/v1/datasets/:dataset/segments" },
  { ...reading, path: "/v1/datasets/:dataset/segments/:id" },
  { ...reading, path: "/v1/datasets/:dataset/stats" },
  { ...reading, path: "/v1/datasets/:dataset/tail", run: tail },
  // a query that is sent as JSON, whose dataset the path names
  ...["/v1/datasets/:dataset/query", "/api/v1/datasets/:dataset/query"].map((path): DatasetRoute => ({ ...reading, method: "POST", path })),
];

async function tail(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  refuseUpgrade(c, dataset);
  return whileProven(await pass(c, caller, dataset), c, dataset);
}

async function pass(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  return serve(c, caller, dataset.region, await asOne(c, caller, dataset), c.req.raw);
}

/** What a region has to know about a request. */
interface Reach {
  /** What the caller may do there, by dataset's id or `*`. */
  grants: PermissionSet["datasets"];
  /** The datasets that the caller may know of: for the region there are no others. */
  datasets: OrganisationMap["datasets"];
}

/** One dataset, in which the caller may do what edges do. */
export async function asOne(c: Request, caller: Caller, dataset: Dataset): Promise<Reach> {
  const capabilities = AT_EDGE.filter((capability) => scopeAllows(caller.grant.datasets, dataset.id, capability));
  return { grants: { [dataset.id]: capabilities }, datasets: { [dataset.name]: await entryOf(c, dataset) } };
}

/**
 * The region's answer to a request for a path of the edge, of a caller who was proven here.
 * @throws Problem `store-unavailable`
 */
export async function serve(c: Request, caller: Caller, regionId: string, reach: Reach, request: globalThis.Request): Promise<Response> {
  const region = settingsOf(c.env).regions.get(regionId);
  if (!region) throw new Problem("store-unavailable", `region ${regionId} is not configured in this deployment: add it to REGIONS`);
  const set = permissionSet({
    ...{ id: caller.credential.id, org: caller.org, status: "active", expiresAt: caller.expiresAt },
    ...{ datasets: reach.grants, ver: 0, ...(await restrictionsOf(c, caller)) },
  });
  const organisation = organisationMap({
    ...{ id: caller.org, status: "active", datasets: reach.datasets, regions: regionUrls(c.env), ver: 0 },
  });
  try {
    return await region.worker.serve(withoutCredential(request), { ip: addressOf(c), proven: { set, organisation } }, c.var.traceId);
  } catch (error) {
    console.error("region failed to serve", regionId, String(error));
    throw new Problem("store-unavailable", `region ${regionId} does not answer; send the request again in a second`);
  }
}

/** It was judged here and is nobody else's business. */
function withoutCredential(request: globalThis.Request): globalThis.Request {
  const headers = new Headers(request.headers);
  for (const name of ["authorization", "cookie"]) headers.delete(name);
  return new Request(request, { headers });
}

async function entryOf(c: Request, { id, region }: Dataset) {
  const row = await c.env.DB.prepare(`SELECT ${PUBLISHED_SETTINGS} FROM datasets WHERE id = ?`).bind(id).first<PublishedRow>();
  return { id, region, ...(row && publishedSettings(row)) };
}

/** Of an API token. Its networks have been judged. */
async function restrictionsOf(c: Request, { credential: { kind, id } }: Caller): Promise<Pick<PermissionSet, "limits" | "account">> {
  if (kind !== "api") return {};
  const row = await c.env.DB.prepare(`SELECT t.limits, ${ACCOUNT} AS account FROM tokens t WHERE t.id = ?`)
    .bind(id)
    .first<{ limits: string | null; account: string }>();
  return row ? publishedLimits(id, row.limits, row.account) : {};
}
