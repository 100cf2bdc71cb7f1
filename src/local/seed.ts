/**
 * What a new gateway needs before it can be tried: an organisation with its owner, a dataset in each region, and a token that may
 * ingest into both. Every step looks first, so that a start after an interrupted one goes on where that stopped.
 */
import { type Credential, call, Refused } from "./api.ts";
import { keepSeeding, type Local, localFile, readLocal, type Secrets, writeLocal } from "./state.ts";
import { Stop } from "./stop.ts";

const OWNER = { organisation: "local", name: "Owner", email: "owner@localhost.localdomain" };

/** Where the running Workers answer. */
export interface Urls {
  management: string;
  /** By region id. */
  edges: Record<string, string>;
}

interface Setup {
  org: { id: string };
  token: string;
}

/**
 * @returns what local.json now holds.
 * @throws Stop when the stored data and local.json do not belong together.
 */
export async function seed(folder: string, { management, edges }: Urls, secrets: Secrets): Promise<Local> {
  const known = readLocal(folder);
  const { org, ownerToken } =
    known?.org && known.ownerToken ? await proven(folder, management, known) : await setUp(folder, management, secrets);
  const owner = { token: ownerToken, org };

  const datasets = { ...datasetNames(Object.keys(edges)), ...known?.datasets };
  await createDatasets(management, owner, datasets);

  const kept = known?.ingestToken;
  const ingestToken = kept && (await mayIngest(edges, datasets, kept)) ? kept : await createIngestToken(management, owner, datasets);

  const local = { management, edges, org, ownerToken, ingestToken, datasets };
  writeLocal(folder, local);
  return local;
}

async function setUp(folder: string, management: string, secrets: Secrets): Promise<{ org: string; ownerToken: string }> {
  try {
    const made = await call<Setup>("POST", `${management}/v2/setup`, { token: secrets.SETUP_TOKEN }, OWNER);
    const part = { org: made.org.id, ownerToken: made.token };
    keepSeeding(folder, part);
    return part;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 409) throw error;
    throw new Stop(
      `${folder} holds an organisation, but ${localFile(folder)} with its owner's token is gone, and a token is shown only once.\n` +
        `Put local.json back, or start anew with: rm -r ${folder}`,
    );
  }
}

/** The owner's token of an earlier start, if management still knows it. */
async function proven(folder: string, management: string, known: Partial<Local>): Promise<{ org: string; ownerToken: string }> {
  const { org = "", ownerToken = "" } = known;
  try {
    await call("GET", `${management}/v2/user`, { token: ownerToken, org });
    return { org, ownerToken };
  } catch (error) {
    if (!(error instanceof Refused) || ![401, 403].includes(error.status)) throw error;
    throw new Stop(
      `the owner's token in ${localFile(folder)} is not one of the organisation stored in ${folder}.\n` +
        `Put the right local.json back, or start anew with: rm -r ${folder}`,
    );
  }
}

async function createDatasets(management: string, owner: Credential, datasets: Record<string, string>): Promise<void> {
  const existing = await call<{ name: string }[]>("GET", `${management}/v2/datasets`, owner);
  for (const [region, name] of Object.entries(datasets)) {
    if (existing.some((dataset) => dataset.name === name)) continue;
    const dataset = { name, description: `Made by npm start, kept in ${region}`, edgeDeployment: region };
    await call("POST", `${management}/v2/datasets`, owner, dataset);
  }
}

/** Asks each edge with an empty batch, which stores nothing. A deleted token, or a dataset made anew under its name, is refused. */
async function mayIngest(edges: Record<string, string>, datasets: Record<string, string>, token: string): Promise<boolean> {
  try {
    for (const [region, edge] of Object.entries(edges)) await call("POST", `${edge}/v1/ingest/${datasets[region]}`, { token }, []);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status >= 400 && error.status < 500) return false;
    throw error;
  }
}

async function createIngestToken(management: string, owner: Credential, datasets: Record<string, string>): Promise<string> {
  const datasetCapabilities = Object.fromEntries(Object.values(datasets).map((name) => [name, { ingest: ["create"] }]));
  const request = { name: "demo-ingest", description: "Made by npm start", datasetCapabilities };
  return (await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, request)).token;
}

/** `cloud.us-east-1.aws` becomes `demo-us`, and a second region of that part of the world `demo-us-west-2`. */
function datasetNames(regions: string[]): Record<string, string> {
  const names: Record<string, string> = {};
  for (const region of regions) {
    const place = region.split(".")[1] ?? region;
    const short = `demo-${place.split("-")[0]}`;
    names[region] = Object.values(names).includes(short) ? `demo-${place}` : short;
  }
  return names;
}
