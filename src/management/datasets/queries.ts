/**
 * Queries at management's own address: `POST /v1/datasets/_apl` names its datasets in its body, which is an edge's to read. So the edge is
 * told of all that the caller may see and judges the query; where it is another region's, it says which, and that one is asked.
 */
import { EVERY, scopeAllows } from "../../access/capability.ts";
import { organisationMap, permissionSet } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import { type Caller, maySee } from "../caller.ts";
import { settingsOf } from "../env.ts";
import { addressOf, type Request } from "../request.ts";
import { ANY_CREDENTIAL, type CallerRoute, type Route } from "../route.ts";
import { restrictionsOf, withoutCredential } from "./at-edge.ts";
import { listDatasets } from "./store.ts";

const READ = "query:read";
/** As an edge takes them. */
const QUERY_BYTES_MAX = 1_048_576;

export const queries: Route[] = ["/v1/datasets/_apl", "/api/v1/datasets/_apl", "/v1/query/_apl"].map(
  (path): CallerRoute => ({ method: "POST", path, as: "caller", by: ANY_CREDENTIAL, needs: null, run: query }),
);

async function query(c: Request, caller: Caller): Promise<Response> {
  if (!Object.values(caller.grant.datasets).some((capabilities) => capabilities.includes(READ)))
    throw new Problem("forbidden", `you lack ${READ} for every dataset`);
  const body = await readBody(c);
  const proven = await provenFor(c, caller);
  const { regions } = settingsOf(c.env);
  const [first = "", ...others] = [...new Set([caller.defaultRegion, ...regions.keys()])].filter((region) => regions.has(region));
  const response = await askRegion(c, first, body, proven);
  if (response.status !== 400 || others.length === 0) return response;
  const home = await regionMeant(response.clone());
  return home !== null && others.includes(home) ? askRegion(c, home, body, proven) : response;
}

/** In the region that an edge has refused a query in favour of; null: it was refused for something else. */
async function regionMeant(response: Response): Promise<string | null> {
  const { type, edgeDeployment } = (await response.json()) as { type?: unknown; edgeDeployment?: unknown };
  return type === "urn:headgate:problem:wrong-region" && typeof edgeDeployment === "string" ? edgeDeployment : null;
}

type Proven = Awaited<ReturnType<typeof provenFor>>;

async function askRegion(c: Request, id: string, body: Uint8Array<ArrayBuffer>, proven: Proven): Promise<Response> {
  const region = settingsOf(c.env).regions.get(id);
  if (!region) throw new Problem("store-unavailable", "no region is configured in this deployment: add one to REGIONS");
  const { url, headers } = withoutCredential(c.req.raw);
  try {
    return await region.worker.serve(new Request(url, { method: "POST", headers, body }), { ip: addressOf(c), proven }, c.var.traceId);
  } catch (error) {
    console.error("region failed to serve", id, String(error));
    throw new Problem("store-unavailable", `region ${id} does not answer; send the query again in a second`);
  }
}

/** All datasets that the caller may see, and those of them that they may read. */
async function provenFor(c: Request, caller: Caller) {
  const [all, more] = await Promise.all([listDatasets(c.env.DB, caller.org), restrictionsOf(c, caller)]);
  const seen = all.filter(({ id }) => maySee(caller, id));
  const readable = seen.filter(({ id }) => scopeAllows(caller.grant.datasets, id, READ));
  const set = permissionSet({
    ...{ id: caller.credential.id, org: caller.org, status: "active", expiresAt: caller.expiresAt, ver: 0, ...more },
    // a grant without a dataset of its own yet is one to read nothing, and the edge is to say so dataset by dataset
    datasets: readable.length > 0 ? Object.fromEntries(readable.map(({ id }) => [id, [READ]])) : { [EVERY]: [] },
  });
  const datasets = Object.fromEntries(seen.map(({ id, name, region }) => [name, { id, region }]));
  return { set, organisation: organisationMap({ id: caller.org, status: "active", datasets, regions: {}, ver: 0 }) };
}

async function readBody(c: Request): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new Problem("body-too-large", `a query's body may hold ${QUERY_BYTES_MAX} bytes`);
  if (Number(c.req.header("content-length") ?? 0) > QUERY_BYTES_MAX) throw tooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of c.req.raw.body ?? []) {
    length += part.length;
    if (length > QUERY_BYTES_MAX) throw tooLarge();
    parts.push(part);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
