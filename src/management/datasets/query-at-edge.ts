/**
 * Queries whose text names its datasets, at management's address. Management reads no APL: the region is told all that the caller may
 * read and know of, and judges each dataset of the query by that. It is asked in the organisation's own region first, and once more in
 * the region that a refusal names.
 */
import { scopeAllows } from "../../access/capability.ts";
import type { PermissionSet } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import { type Caller, maySee } from "../caller.ts";
import { regionUrls, settingsOf } from "../env.ts";
import { organisationDocument } from "../orgs.ts";
import type { Request } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { serve } from "./at-edge.ts";

const READ = "query:read";
const EVERY = "*";
/** As sent, so that a body can be sent twice. What it may hold, once inflated, is the edge's to say. */
const QUERY_BYTES_MAX = 1_048_576;

const common = { method: "POST", as: "caller", by: ANY_CREDENTIAL, needs: null, run: query } as const;

export const queries: Route[] = ["/v1/query/_apl", "/v1/datasets/_apl", "/api/v1/datasets/_apl"].map((path) => ({ ...common, path }));

async function query(c: Request, caller: Caller): Promise<Response> {
  const document = await organisationDocument(c.env.DB, caller.org, regionUrls(c.env));
  if (!document) throw new Problem("resource-unknown", "the organisation is gone");
  const datasets = Object.fromEntries(Object.entries(document.datasets).filter(([, { id }]) => maySee(caller, id)));
  const reach = { datasets, grants: grantsOf(caller, Object.values(datasets)) };
  const body = await readBytes(c.req.raw);
  const ask = (region: string) => serve(c, caller, region, reach, again(c.req.raw, body));
  const first = await ask(caller.defaultRegion);
  const elsewhere = await regionNamedBy(first);
  if (elsewhere === null || elsewhere === caller.defaultRegion || !settingsOf(c.env).regions.has(elsewhere)) return first;
  await first.body?.cancel();
  return ask(elsewhere);
}

/** A wildcard stays one where no team restricts the caller; else each dataset that they may read, by its id. */
function grantsOf({ grant, visible }: Caller, datasets: { id: string }[]): PermissionSet["datasets"] {
  if (visible === null && scopeAllows(grant.datasets, EVERY, READ)) return { [EVERY]: [READ] };
  const readable = datasets.filter(({ id }) => scopeAllows(grant.datasets, id, READ));
  return Object.fromEntries(readable.map(({ id }) => [id, [READ]]));
}

/** Null unless the answer says that the query's dataset is in another region. */
async function regionNamedBy(answer: Response): Promise<string | null> {
  if (answer.status !== 400) return null;
  const { type, edgeDeployment } = (await answer.clone().json()) as { type?: string; edgeDeployment?: unknown };
  return type === "urn:headgate:problem:wrong-region" && typeof edgeDeployment === "string" ? edgeDeployment : null;
}

function again({ url, method, headers }: globalThis.Request, body: Uint8Array): globalThis.Request {
  return new Request(url, { method, headers, body });
}

/** @throws Problem `body-too-large` */
async function readBytes({ body }: globalThis.Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > QUERY_BYTES_MAX) throw new Problem("body-too-large", `a query's body may hold ${QUERY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
