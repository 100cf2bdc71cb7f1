/**
 * `/v2/vfields`: fields that are computed when a dataset is queried. What an expression says is looked at by the query alone, which tells
 * where it cannot be read: management reads no APL.
 */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { Capability } from "../../access/capability.ts";
import { scopeAllows } from "../../access/capability.ts";
import { OWN_FIELDS } from "../../access/dataset-settings.ts";
import { Problem } from "../../problem.ts";
import { type Caller, maySee, requireOn } from "../caller.ts";
import { type Change, changeOf } from "../change.ts";
import { Description, Name, queryOf, type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { type Dataset, getDataset } from "./store.ts";
import * as store from "./virtual-field-store.ts";

const EXPRESSION_LENGTH_MAX = 10_000;
const WORD_LENGTH_MAX = 100;

const Word = v.nullish(v.pipe(v.string(), v.maxLength(WORD_LENGTH_MAX, `must be at most ${WORD_LENGTH_MAX} characters`)));
const Draft = v.strictObject({
  dataset: v.string(),
  name: v.pipe(
    Name,
    v.check((name) => !OWN_FIELDS.includes(name), `must be none of ${OWN_FIELDS.join(", ")}, which each event has of its own`),
  ),
  expression: v.pipe(
    v.string(),
    v.regex(/\S/, "must not be empty"),
    v.maxLength(EXPRESSION_LENGTH_MAX, `must be at most ${EXPRESSION_LENGTH_MAX} characters`),
  ),
  description: Description,
  type: Word,
  unit: Word,
});
type Draft = v.InferOutput<typeof Draft>;

/** Judged by the dataset, which the query, the body or the field itself names. */
const common = { as: "caller", by: ANY_CREDENTIAL, needs: null } as const;

/** The second and third are what older clients call it. */
export const virtualFields: Route[] = ["/v2/vfields", "/api/v1/vfields", "/api/v1/virtualfields"].flatMap((path): Route[] => [
  { ...common, method: "GET", path, run: list },
  { ...common, method: "POST", path, run: make },
  { ...common, method: "GET", path: `${path}/:id`, run: get },
  { ...common, method: "PUT", path: `${path}/:id`, run: update },
  { ...common, method: "DELETE", path: `${path}/:id`, run: remove },
]);

/** Without a dataset: of all of which the caller may read them. */
async function list(c: Request, caller: Caller): Promise<Response> {
  const named = queryOf(c).get("dataset");
  const dataset = named === null ? null : await on(c, caller, named, "virtualFields:read");
  const found = await store.listVirtualFields(c.env.DB, caller.org, dataset?.id ?? null);
  const readable = found.filter(
    ({ datasetId }) => maySee(caller, datasetId) && scopeAllows(caller.grant.datasets, datasetId, "virtualFields:read"),
  );
  return c.json(readable.map(view));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(view(await known(c, caller, "virtualFields:read")));
}

async function make(c: Request, caller: Caller): Promise<Response> {
  const draft = await readBody(c, Draft);
  const { id: datasetId, name } = await on(c, caller, draft.dataset, "virtualFields:create");
  const others = await store.listVirtualFields(c.env.DB, caller.org, datasetId);
  requireFree(others, draft.name, "");
  if (others.length >= store.VIRTUAL_FIELDS_MAX)
    throw new Problem("conflict", `dataset ${name} has ${others.length} virtual fields, the most there may be; delete one first`);
  const field = { ...written(draft), id: `vf_${randomUUID()}`, datasetId, dataset: name, changeId: c.var.traceId };
  const entry = entryOf(c, caller, "virtualField.create", field, { after: summary(field) });
  if (!(await store.insertVirtualField(c.env.DB, field, entry))) throw changed(draft.name);
  return c.json(view(field));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const before = await known(c, caller, "virtualFields:update");
  const draft = await readBody(c, Draft);
  if (draft.dataset !== before.dataset)
    throw new Problem(
      "body-invalid",
      `dataset must stay ${JSON.stringify(before.dataset)}: make the virtual field anew for another dataset`,
    );
  const field = { ...before, ...written(draft) };
  requireFree(await store.listVirtualFields(c.env.DB, caller.org, before.datasetId), field.name, field.id);
  const entry = entryOf(c, caller, "virtualField.update", field, { before: summary(before), after: summary(field) });
  if (!(await store.updateVirtualField(c.env.DB, field, entry))) throw changed(field.name);
  return c.json(view(field));
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  const field = await known(c, caller, "virtualFields:delete");
  const entry = entryOf(c, caller, "virtualField.delete", field, { before: summary(field) });
  if (!(await store.deleteVirtualField(c.env.DB, field.id, entry))) throw unknown(field.id);
  return c.body(null, 204);
}

async function on(c: Request, caller: Caller, name: string, capability: Capability): Promise<Dataset> {
  const dataset = await getDataset(c.env.DB, caller.org, name, ({ id }) => maySee(caller, id));
  requireOn(caller, capability, dataset);
  return dataset;
}

/** One of a dataset that the caller may not see is as unknown as one that does not exist. */
async function known(c: Request, caller: Caller, capability: Capability): Promise<store.KeptVirtualField> {
  const id = c.req.param("id") ?? "";
  const found = await store.findVirtualField(c.env.DB, caller.org, id);
  if (!found || !maySee(caller, found.datasetId)) throw unknown(id);
  requireOn(caller, capability, { id: found.datasetId, name: found.dataset });
  return found;
}

function requireFree(others: readonly store.KeptVirtualField[], name: string, id: string): void {
  const other = others.find((one) => one.name === name && one.id !== id);
  if (other) throw new Problem("entity-exists", `entity exists: dataset ${other.dataset} has a virtual field ${name} already`);
}

function written({ name, expression, description, type, unit }: Draft) {
  return { name, expression, description: description ?? "", type: type ?? "", unit: unit ?? "" };
}

function entryOf(c: Request, caller: Caller, action: string, { id, dataset }: store.KeptVirtualField, detail: Change["detail"]): Change {
  return changeOf(c, caller, action, id, { dataset, ...detail });
}

function summary({ name, expression }: store.KeptVirtualField) {
  return { name, expression };
}

/** axiom-go leaves out what is empty, and compares what it gets with what it sent. */
function view({ id, dataset, name, expression, description, type, unit }: store.KeptVirtualField) {
  return { id, dataset, name, expression, ...(description && { description }), ...(type && { type }), ...(unit && { unit }) };
}

function unknown(id: string): Problem {
  return new Problem("resource-unknown", `virtual field not found: ${id}; GET /v2/vfields lists those there are`);
}

function changed(name: string): Problem {
  return new Problem("conflict", `the virtual field ${name} or its dataset changed at the same moment; list the fields and decide anew`);
}
