/** From a caller and a dataset's name to the dataset itself: may this token do this here, now, in this region? */
import { type Capability, EVERY } from "../access/capability.ts";
import { type Dedupe, defaultSettings } from "../access/dataset-settings.ts";
import { allows, type OrganisationMap } from "../access/permission-set.ts";
import { Problem } from "../problem.ts";
import type { Caller } from "./authenticate.ts";
import type { Destination } from "./buffer/segment.ts";
import type { EdgeEnv } from "./env.ts";

/** A dataset that may be used, and what its owner chose for it. */
export interface Permitted {
  destination: Destination;
  dedupe: Dedupe;
  /** Raw bytes of rejected events that are kept per day; 0: none. */
  quarantineBytesMax: number;
}

/** @throws Problem 401 expired or revoked, 403 not allowed, 404 no such dataset, 400 wrong region, each naming the fix. */
export async function permit(
  caller: Caller,
  capability: Capability,
  name: string,
  region: string,
  env: EdgeEnv,
  now: number,
): Promise<Permitted> {
  const { set, organisation, documents } = caller;
  // who may do nothing of the kind does not spend the organisation's questions below
  if (!Object.values(set.datasets).some((capabilities) => capabilities.includes(capability))) throw lacks(capability, name, []);
  const held = datasetOf(organisation, name);
  // a name that was given anew since: the token knows an id that the held document does not
  const outdated = held !== undefined && !allows(set, capability, held.id) && knowsMore(caller);
  // a sender throws away what is answered by "not found", so it is told so by nothing but the newest; a reader asks again
  const purpose = held ? "renewed" : capability === "ingest:create" ? "dataset" : "read";
  const dataset = held && !outdated ? held : datasetOf(await documents.renewed(organisation, purpose, env, now), name);
  if (!dataset)
    throw new Problem(
      "dataset-unknown",
      `dataset ${name} not found; create it at POST /v2/datasets of the management API, or mend the path`,
    );
  if (!allows(set, capability, dataset.id)) throw lacks(capability, name, namesAllowed(caller, capability));
  if (dataset.region !== region) {
    const urls = await regionUrls(caller, env, now);
    throw wrongRegion(capability, name, dataset.region, region, urls[dataset.region]);
  }
  const { dedupe, quarantine } = defaultSettings();
  return {
    destination: { org: set.org, dataset: name, datasetId: dataset.id, region },
    dedupe: dataset.dedupe ?? dedupe,
    quarantineBytesMax: dataset.quarantine ?? quarantine.bytesPerDayMax,
  };
}

function knowsMore({ set, organisation }: Caller): boolean {
  const ids = new Set(Object.values(organisation.datasets).map(({ id }) => id));
  return Object.keys(set.datasets).some((id) => id !== EVERY && !ids.has(id));
}

/** The dataset of a path that names none: the only one the token may do this with. */
export async function onlyDataset(caller: Caller, capability: Capability, env: EdgeEnv, now: number): Promise<string> {
  const { set, organisation, documents } = caller;
  let names = namesAllowed(caller, capability);
  // a token of datasets none of which the held document has: they may be new
  if (names.length === 0 && Object.keys(set.datasets).some((id) => id !== EVERY))
    names = namesAllowed({ set, organisation: await documents.renewed(organisation, "dataset", env, now) }, capability);
  if (names.length === 1) return names[0] as string;
  throw new Problem(
    "dataset-ambiguous",
    `the path names no dataset and the token may use ${names.length === 0 ? "none" : "several"}; send to /v1/ingest/<dataset>, or use a token of one dataset`,
  );
}

function namesAllowed({ set, organisation }: Pick<Caller, "set" | "organisation">, capability: Capability): string[] {
  return Object.entries(organisation.datasets)
    .filter(([, { id }]) => allows(set, capability, id))
    .map(([name]) => name);
}

/** Dataset names shown in a refusal. */
const NAMES_SHOWN_MAX = 10;

function lacks(capability: Capability, name: string, allowed: string[]): Problem {
  const has = allowed.length > 0 ? `it has it for ${allowed.slice(0, NAMES_SHOWN_MAX).join(", ")}` : "it has it for no dataset";
  return new Problem(
    "forbidden",
    `the token lacks ${capability} for dataset ${name}; ${has}. A token's capabilities never change: create another`,
  );
}

function datasetOf(organisation: OrganisationMap | null, name: string): OrganisationMap["datasets"][string] | undefined {
  return organisation && Object.hasOwn(organisation.datasets, name) ? organisation.datasets[name] : undefined;
}

/** Asked anew, because an address may have changed since the document was published; this path is rare. */
async function regionUrls({ organisation, documents }: Caller, env: EdgeEnv, now: number): Promise<Record<string, string>> {
  try {
    return (await documents.renewed(organisation, "region", env, now)).regions;
  } catch {
    return organisation.regions;
  }
}

function wrongRegion(capability: Capability, name: string, home: string, here: string, url: string | undefined): Problem {
  const regions = `dataset region: ${home}, deployment region: ${here}`;
  const [what, path] =
    capability === "ingest:create"
      ? // Axiom's own words, which senders' documentation and issue threads quote
        ["ingest is only allowed into datasets in the primary region", `/v1/ingest/${name}`]
      : ["a dataset is read in its own region", ""];
  return new Problem(
    "wrong-region",
    `${what}: ${regions}; use ${url ? url + path : "that region's edge"}`,
    url ? { edgeDeployment: home, edgeDeploymentUrl: url } : { edgeDeployment: home },
  );
}
