/**
 * The edge's paths at management's own address: for personal tokens, which no edge takes, and for clients that know one address only.
 * The caller is judged here; the dataset's region does the work.
 */
import { scopeAllows } from "../../access/capability.ts";
import { organisationMap, type PermissionSet, permissionSet } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import type { Caller, CredentialKind } from "../caller.ts";
import { settingsOf } from "../env.ts";
import { addressOf, type Request } from "../request.ts";
import { ANY_CREDENTIAL, type DatasetRoute, type Route } from "../route.ts";
import { ACCOUNT, publishedLimits } from "../tokens/store.ts";
import { PUBLISHED_SETTINGS, type PublishedRow, publishedSettings } from "./settings-store.ts";
import type { Dataset } from "./store.ts";

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
  ...["/v1/datasets/:dataset/query", "/api/v1/datasets/:dataset/query"].map((path): DatasetRoute => ({ ...reading, method: "POST", path })),
  { ...reading, path: "/v1/datasets/:dataset/segments" },
  { ...reading, path: "/v1/datasets/:dataset/segments/:id" },
  { ...reading, path: "/v1/datasets/:dataset/stats" },
];

async function pass(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  const region = settingsOf(c.env).regions.get(dataset.region);
  if (!region) throw new Problem("store-unavailable", `region ${dataset.region} is not configured in this deployment: add it to REGIONS`);
  const [entry, more] = await Promise.all([entryOf(c, dataset), restrictionsOf(c, caller)]);
  const capabilities = AT_EDGE.filter((capability) => scopeAllows(caller.grant.datasets, dataset.id, capability));
  const set = permissionSet({
    ...{ id: caller.credential.id, org: caller.org, status: "active", expiresAt: caller.expiresAt },
    ...{ datasets: { [dataset.id]: capabilities }, ver: 0, ...more },
  });
  const organisation = organisationMap({ id: caller.org, status: "active", datasets: { [dataset.name]: entry }, regions: {}, ver: 0 });
  try {
    return await region.worker.serve(withoutCredential(c.req.raw), { ip: addressOf(c), proven: { set, organisation } }, c.var.traceId);
  } catch (error) {
    console.error("region failed to serve", dataset.region, String(error));
    throw new Problem("store-unavailable", `region ${dataset.region} does not answer; send the request again in a second`);
  }
}

/** It was judged here and is nobody else's business. */
export function withoutCredential(request: globalThis.Request): globalThis.Request {
  const headers = new Headers(request.headers);
  for (const name of ["authorization", "cookie"]) headers.delete(name);
  return new Request(request, { headers });
}

async function entryOf(c: Request, { id, region }: Dataset) {
  const row = await c.env.DB.prepare(`SELECT ${PUBLISHED_SETTINGS} FROM datasets WHERE id = ?`).bind(id).first<PublishedRow>();
  return { id, region, ...(row && publishedSettings(row)) };
}

/** Of an API token. Its networks have been judged. */
export async function restrictionsOf(c: Request, { credential: { kind, id } }: Caller): Promise<Pick<PermissionSet, "limits" | "account">> {
  if (kind !== "api") return {};
  const row = await c.env.DB.prepare(`SELECT t.limits, ${ACCOUNT} AS account FROM tokens t WHERE t.id = ?`)
    .bind(id)
    .first<{ limits: string | null; account: string }>();
  return row ? publishedLimits(id, row.limits, row.account) : {};
}
