/**
 * `/v2/datasets/{id}/fields`: what people say about fields. Only those that somebody has said something about are listed: management
 * sees no events, so it knows no others; a query with `getschema` does.
 */
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf, commit } from "../change.ts";
import { Description, type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import type { Dataset } from "./store.ts";

/** Per dataset. */
const FIELDS_MAX = 1_000;
const NAME_BYTES_MAX = 200;
const WORD_LENGTH_MAX = 100;

const Word = v.nullish(v.pipe(v.string(), v.maxLength(WORD_LENGTH_MAX, `must be at most ${WORD_LENGTH_MAX} characters`)));
/** A client sends back what it was shown; the name is the path's. */
const Update = v.strictObject({
  name: v.nullish(v.string()),
  type: Word,
  unit: Word,
  hidden: v.nullish(v.boolean()),
  description: Description,
});

interface Field {
  name: string;
  type: string;
  unit: string;
  hidden: boolean;
  description: string;
}

type Row = Omit<Field, "hidden"> & { hidden: number };

const common = { as: "dataset", by: ANY_CREDENTIAL, on: "see" } as const;
const path = "/v2/datasets/:dataset/fields";

export const fields: Route[] = [
  { ...common, method: "GET", path, needs: "datasets:read", run: async (c, _, { id }) => c.json(await listFields(c.env.DB, id)) },
  { ...common, method: "GET", path: `${path}/:field`, needs: "datasets:read", run: get },
  { ...common, method: "PUT", path: `${path}/:field`, needs: "datasets:update", run: put },
];

export async function listFields(db: D1Database, datasetId: string): Promise<Field[]> {
  const { results } = await db
    .prepare("SELECT name, type, unit, hidden, description FROM fields WHERE dataset_id = ? ORDER BY name")
    .bind(datasetId)
    .all<Row>();
  return results.map((row) => ({ ...row, hidden: row.hidden === 1 }));
}

async function get(c: Request, _: Caller, dataset: Dataset): Promise<Response> {
  const name = nameOf(c);
  const found = (await listFields(c.env.DB, dataset.id)).find((field) => field.name === name);
  if (!found)
    throw new Problem("resource-unknown", `field not found: nobody has said anything about ${JSON.stringify(name)} of ${dataset.name} yet`);
  return c.json(found);
}

/** What is left out stays. Says something about a field whether or not any event has it. */
async function put(c: Request, caller: Caller, { id, name: dataset }: Dataset): Promise<Response> {
  const { DB: db } = c.env;
  const name = nameOf(c);
  const update = await readBody(c, Update);
  if (update.name != null && update.name !== name)
    throw new Problem("body-invalid", `name must be the path's, ${JSON.stringify(name)}: a field is called what its events call it`);
  const before = (await listFields(db, id)).find((field) => field.name === name) ?? {
    name,
    type: "",
    unit: "",
    hidden: false,
    description: "",
  };
  const after: Field = {
    name,
    type: update.type ?? before.type,
    unit: update.unit ?? before.unit,
    hidden: update.hidden ?? before.hidden,
    description: update.description ?? before.description,
  };
  const change = changeOf(c, caller, "dataset.field", dataset, { id, before, after });
  const row = `${id}/${name}`;
  const { type, unit, hidden, description } = after;
  const write = db
    .prepare(
      `INSERT INTO fields (id, dataset_id, name, type, unit, hidden, description, change_id) SELECT ?, ?, ?, ?, ?, ?, ?, ?
      WHERE EXISTS (SELECT 1 FROM datasets WHERE id = ? AND deleted_at IS NULL)
        AND (SELECT count(*) FROM fields WHERE dataset_id = ? AND name <> ?) < ?
      ON CONFLICT (id) DO UPDATE SET type = excluded.type, unit = excluded.unit, hidden = excluded.hidden,
        description = excluded.description, change_id = excluded.change_id`,
    )
    .bind(...[row, id, name, type, unit, hidden ? 1 : 0, description, change.id], id, id, name, FIELDS_MAX);
  if (!(await commit(db, change, [write], { table: "fields", id: row })))
    throw new Problem(
      "conflict",
      `dataset ${dataset} has words about ${FIELDS_MAX} fields, the most there may be, or was deleted meanwhile`,
    );
  return c.json(after);
}

function nameOf(c: Request): string {
  const name = c.req.param("field") ?? "";
  if (new TextEncoder().encode(name).length > NAME_BYTES_MAX || /\p{Cc}/u.test(name))
    throw new Problem("parameter-invalid", `a field's name has at most ${NAME_BYTES_MAX} bytes and no control characters`);
  return name;
}
