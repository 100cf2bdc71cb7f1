/**
 * `/v2/datasets/{id}/mapfields`: the fields whose objects stay whole when the dataset is queried, instead of becoming a field for each
 * of their members.
 */
import * as v from "valibot";
import type { FormerMapField } from "../../access/dataset-settings.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf } from "../change.ts";
import { type Request, readBody, readList } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { getSettings, type KeptSettings, updateSettings } from "./settings-store.ts";
import type { Dataset } from "./store.ts";

/** Per dataset. */
const MAP_FIELDS_MAX = 100;
const NAME_LENGTH_MAX = 200;
/** As Terraform's provider has it. */
const NAME = /^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/;

const MapFieldName = v.pipe(
  v.string(),
  v.maxLength(NAME_LENGTH_MAX, `must be at most ${NAME_LENGTH_MAX} characters`),
  v.regex(NAME, "must be letters, digits, '-', '_' or '.', with a letter or digit at both ends"),
);
const NewMapField = v.strictObject({ name: MapFieldName });
const MapFields = v.pipe(v.array(MapFieldName), v.maxLength(MAP_FIELDS_MAX, `must hold at most ${MAP_FIELDS_MAX} names`));

const common = { as: "dataset", by: ANY_CREDENTIAL, on: "see" } as const;
const path = "/v2/datasets/:dataset/mapfields";

export const mapFields: Route[] = [
  {
    ...common,
    method: "GET",
    path,
    needs: "datasets:read",
    run: async (c, _, { id, name }) => c.json((await of(c, { id, name })).mapFields),
  },
  { ...common, method: "PUT", path, needs: "datasets:update", run: replace },
  { ...common, method: "POST", path, needs: "datasets:update", run: add },
  { ...common, method: "DELETE", path: `${path}/:name`, needs: "datasets:update", run: remove },
];

async function replace(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  const wanted = await readList(c, MapFields);
  const repeated = wanted.find((name, index) => wanted.indexOf(name) !== index);
  if (repeated !== undefined) throw new Problem("body-invalid", `the map field ${JSON.stringify(repeated)} stands twice; name it once`);
  return c.json(await change(c, caller, dataset, () => wanted));
}

/** Answers what was sent, as axiom-go reads it. */
async function add(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  const { name } = await readBody(c, NewMapField);
  await change(c, caller, dataset, (before) => {
    if (before.includes(name)) throw new Problem("entity-exists", `entity exists: ${name} is a map field of ${dataset.name} already`);
    if (before.length >= MAP_FIELDS_MAX)
      throw new Problem("conflict", `the dataset has ${before.length} map fields, the most there may be; take one away first`);
    return [...before, name];
  });
  return c.json({ name });
}

async function remove(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  const name = c.req.param("name") ?? "";
  await change(c, caller, dataset, (before) => {
    if (!before.includes(name))
      throw new Problem(
        "resource-unknown",
        `map field not found: ${name}; GET ${path.replace(":dataset", dataset.name)} lists those there are`,
      );
    return before.filter((one) => one !== name);
  });
  return c.body(null, 204);
}

async function change(c: Request, caller: Caller, dataset: Dataset, decide: (before: string[]) => string[]): Promise<string[]> {
  const before = await of(c, dataset);
  const after = decide(before.mapFields);
  const formerMapFields = former(before, after, c.var.now);
  const detail = { id: dataset.id, before: before.mapFields, after };
  const entry = changeOf(c, caller, "dataset.mapFields", dataset.name, detail);
  if (!(await updateSettings(c.env.DB, dataset, { ...before, mapFields: after, formerMapFields }, false, entry)))
    throw new Problem("conflict", `dataset ${dataset.name} was changed or deleted at the same moment; get its map fields and decide anew`);
  return after;
}

/** What was a map field until now, or stays one for events of its time; the oldest are forgotten. */
function former({ mapFields, formerMapFields }: KeptSettings, after: readonly string[], now: number): FormerMapField[] {
  const gone = mapFields.filter((name) => !after.includes(name)).map((name) => ({ name, until: now }));
  return [...formerMapFields.filter(({ name }) => !after.includes(name)), ...gone].slice(-MAP_FIELDS_MAX);
}

function of(c: Request, dataset: Pick<Dataset, "id" | "name">) {
  return getSettings(c.env.DB, dataset);
}
