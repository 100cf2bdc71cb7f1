/** `/v2/datasets`, and `/v1/datasets` as axiom-py, axiom-rs and the older clients call it. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import { type Caller, forbidden, maySee } from "../caller.ts";
import { changeOf } from "../change.ts";
import { settingsOf } from "../env.ts";
import { publishing } from "../publish.ts";
import { Description, type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { understood } from "../strict-decoding.ts";
import { purgeInBackground } from "./life.ts";
import * as store from "./store.ts";

const KINDS = ["axiom:events:v1", "otel:metrics:v1", "otel:traces:v1", "otel:logs:v1"] as const;
const RETENTION_DAYS_MAX = 36_500;
/** What Axiom's documentation, axiom-go's comments and axiom-rs's limit have in common, without leading or trailing marks. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?$/;

const Retention = {
  retentionDays: v.nullish(v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(0), v.maxValue(RETENTION_DAYS_MAX))),
  useRetentionPeriod: v.nullish(v.boolean()),
};

const NewDataset = v.strictObject({
  name: v.pipe(v.string(), v.regex(NAME, "must be 1 to 128 letters, digits, '-', '_' or '.', with a letter or digit at both ends")),
  description: Description,
  kind: v.nullish(v.picklist(KINDS, `must be one of ${KINDS.join(", ")}`)),
  edgeDeployment: v.nullish(v.string()),
  region: v.nullish(v.string()),
  ...Retention,
});

const DatasetUpdate = v.strictObject({ description: Description, ...Retention });
const DatasetUpdateV1 = v.strictObject({ description: Description });

/** None of them is in axiom-go v0.25. */
const YOUNG_MEMBERS = ["kind", "updatedAt", "edgeDeployment", "edgeDeploymentUrl"] as const;

type Update = Partial<v.InferOutput<typeof DatasetUpdate>>;
type Version = "v1" | "v2";

/** The last is what clients of years ago call. */
const PLACES: [path: string, version: Version][] = [
  ["/v1/datasets", "v1"],
  ["/v2/datasets", "v2"],
  ["/api/v1/datasets", "v1"],
];

export const datasets: Route[] = PLACES.flatMap(([path, version]): Route[] => {
  const common = { by: ANY_CREDENTIAL, needs: null };
  const one = { ...common, path: `${path}/:dataset`, as: "dataset", on: "see" } as const;
  return [
    { ...common, method: "GET", path, as: "caller", run: (c, caller) => list(c, caller, version) },
    { ...common, method: "POST", path, as: "caller", needs: "datasets:create", run: (c, caller) => make(c, caller, version) },
    { ...one, method: "GET", run: (c, caller, dataset) => c.json(view(c, dataset, caller, version)) },
    { ...one, method: "PUT", needs: "datasets:update", run: (c, caller, dataset) => update(c, caller, dataset, version) },
    { ...one, method: "DELETE", needs: "datasets:delete", run: remove },
  ];
});

/** Not 403 for an ingest token: Axiom's command line lists the datasets before it sends. */
async function list(c: Request, caller: Caller, version: Version): Promise<Response> {
  const all = await store.listDatasets(c.env.DB, caller.org);
  return c.json(all.filter(({ id }) => maySee(caller, id)).map((dataset) => view(c, dataset, caller, version)));
}

async function make(c: Request, caller: Caller, version: Version): Promise<Response> {
  const dataset = await create(c, caller, await readBody(c, NewDataset));
  return c.json(view(c, dataset, caller, version));
}

async function update(c: Request, caller: Caller, known: store.Dataset, version: Version): Promise<Response> {
  const wanted: Update = version === "v1" ? await readBody(c, DatasetUpdateV1) : await readBody(c, DatasetUpdate);
  return c.json(view(c, await change(c, caller, known, wanted), caller, version));
}

async function remove(c: Request, caller: Caller, dataset: store.Dataset): Promise<Response> {
  const { id, name } = dataset;
  const entry = changeOf(c, caller, "dataset.delete", name, { id });
  if (!(await publishing(c, caller.org, () => store.deleteDataset(c.env.DB, id, entry)))) throw gone(name);
  purgeInBackground(c, dataset);
  return c.body(null, 204);
}

async function create(c: Request, caller: Caller, request: v.InferOutput<typeof NewDataset>): Promise<store.Dataset> {
  const { name, description, kind } = request;
  if (caller.visible !== null) throw forbidden("a role that no team restricts: you would not see the new dataset");
  const taken = await store.datasetIds(c.env.DB, caller.org);
  if (taken.has(name)) throw exists(name);
  if (taken.size >= store.DATASETS_MAX)
    throw new Problem("conflict", `the organisation has ${taken.size} datasets, the most there may be; delete one first`);
  const dataset: store.Dataset = {
    id: randomUUID(),
    org: caller.org,
    name,
    description: description ?? "",
    kind: kind ?? KINDS[0],
    region: regionOf(c, caller, request.edgeDeployment, request.region),
    ...retentionOf(request, { retentionDays: 0, useRetentionPeriod: 0 }),
    mapFields: null,
    who: caller.actor.name,
    createdAt: c.var.now,
    updatedAt: c.var.now,
    changeId: c.var.traceId,
  };
  const entry = changeOf(c, caller, "dataset.create", name, { id: dataset.id, region: dataset.region, kind: dataset.kind });
  if (!(await publishing(c, caller.org, () => store.insertDataset(c.env.DB, dataset, entry)))) throw exists(name);
  return dataset;
}

async function change(c: Request, caller: Caller, known: store.Dataset, update: Update): Promise<store.Dataset> {
  const retention = retentionOf(update, known);
  const dataset = { ...known, ...retention, description: update.description ?? known.description, updatedAt: c.var.now };
  const entry = changeOf(c, caller, "dataset.update", known.name, { id: known.id, ...update });
  if (!(await store.updateDataset(c.env.DB, dataset, entry)))
    throw new Problem("conflict", `dataset ${known.name} was changed or deleted at the same moment; get it and decide anew`);
  return dataset;
}

type Kept = Pick<store.Dataset, "retentionDays" | "useRetentionPeriod">;

/** What is not given stays. A period of no days is refused: it would mean to keep nothing. */
function retentionOf(given: Update, known: Kept): Kept {
  const retentionDays = given.retentionDays ?? known.retentionDays;
  const useRetentionPeriod = given.useRetentionPeriod == null ? known.useRetentionPeriod : given.useRetentionPeriod ? 1 : 0;
  if (useRetentionPeriod === 1 && retentionDays === 0)
    throw new Problem("body-invalid", "useRetentionPeriod needs retentionDays of at least 1; to keep events for ever, set it to false");
  return { retentionDays, useRetentionPeriod };
}

/** `region` is what axiom-py calls it. */
function regionOf(c: Request, caller: Caller, edgeDeployment: string | null | undefined, region: string | null | undefined): string {
  if (edgeDeployment && region && edgeDeployment !== region)
    throw new Problem("body-invalid", "edgeDeployment and region name two regions; send one of them");
  const wanted = edgeDeployment || region || caller.defaultRegion;
  const { regions } = settingsOf(c.env);
  if (!regions.has(wanted))
    throw new Problem("body-invalid", `unknown region ${JSON.stringify(wanted)}; this deployment has ${[...regions.keys()].join(", ")}`);
  return wanted;
}

function view(c: Request, dataset: store.Dataset, caller: Caller, version: Version) {
  const viewed = store.viewDataset(dataset, caller, settingsOf(c.env).regions);
  return understood(c, version === "v1" ? { ...viewed, region: dataset.region } : viewed, YOUNG_MEMBERS);
}

function exists(name: string): Problem {
  return new Problem("entity-exists", `entity exists: there is a dataset ${name} already; choose another name`);
}

function gone(name: string): Problem {
  return new Problem("dataset-unknown", `dataset not found: ${name} was deleted meanwhile`);
}
