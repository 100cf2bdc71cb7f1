/**
 * `/v2/annotations`: what happened when, to be shown beside the events of some datasets. They are the organisation's; a member of a team
 * sees those about a dataset of the team's, and changes those about no other.
 */
import { randomUUID } from "node:crypto";
import type { Capability } from "../../access/capability.ts";
import { Problem } from "../../problem.ts";
import { type Caller, forbidden, maySee } from "../caller.ts";
import { changeOf } from "../change.ts";
import { datasetIds, unknownDataset } from "../datasets/store.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { readExpiry } from "../tokens/expiry.ts";
import { AnnotationUpdate, blank, NewAnnotation, written } from "./draft.ts";
import * as store from "./store.ts";

const path = "/v2/annotations";
const common = (action: "create" | "read" | "update" | "delete") =>
  ({ as: "caller", by: ANY_CREDENTIAL, needs: `annotations:${action}` satisfies Capability }) as const;

export const annotations: Route[] = [
  { ...common("read"), method: "GET", path, run: list },
  { ...common("create"), method: "POST", path, run: make },
  { ...common("read"), method: "GET", path: `${path}/:id`, run: get },
  { ...common("update"), method: "PUT", path: `${path}/:id`, run: update },
  { ...common("delete"), method: "DELETE", path: `${path}/:id`, run: remove },
];

/** Datasets that may be named, both ways. */
interface Names {
  ids: ReadonlyMap<string, string>;
  names: ReadonlyMap<string, string>;
}

async function list(c: Request, caller: Caller): Promise<Response> {
  const known = await namesFor(c, caller);
  const named = namesIn(c);
  const wanted = named.map((name) => known.ids.get(name)).filter((id) => id !== undefined);
  const datasets = named.length > 0 ? wanted : caller.visible && [...known.names.keys()];
  const annotations = await store.listAnnotations(c.env.DB, caller.org, { datasets, from: timeIn(c, "start"), until: timeIn(c, "end") });
  return c.json(annotations.map((one) => view(one, known)));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  const names = await namesFor(c, caller);
  return c.json(view(await found(c, caller, names), names));
}

async function make(c: Request, caller: Caller): Promise<Response> {
  const draft = await readBody(c, NewAnnotation);
  const names = await namesFor(c, caller);
  const annotation: store.Annotation = {
    ...{ id: `ann_${randomUUID().replaceAll("-", "")}`, datasets: chosen(draft.datasets, names), type: draft.type },
    ...written(draft, blank(c.var.now)),
    changeId: c.var.traceId,
  };
  const entry = changeOf(c, caller, "annotation.create", annotation.id, { after: summary(annotation, names) });
  if (!(await store.insertAnnotation(c.env.DB, annotation, entry)))
    throw new Problem("conflict", `the organisation has ${store.ANNOTATIONS_MAX} annotations, the most there may be; delete some first`);
  return c.json(view(annotation, names), 201);
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const names = await namesFor(c, caller);
  const before = await found(c, caller, names);
  requireWhole(caller, before);
  const draft = await readBody(c, AnnotationUpdate);
  const annotation: store.Annotation = {
    ...before,
    ...{ datasets: draft.datasets ? chosen(draft.datasets, names) : before.datasets, type: draft.type ?? before.type },
    ...written(draft, before),
  };
  const detail = { before: summary(before, names), after: summary(annotation, names) };
  const entry = changeOf(c, caller, "annotation.update", before.id, detail);
  if (!(await store.updateAnnotation(c.env.DB, annotation, entry))) throw overtaken(annotation);
  return c.json(view(annotation, names));
}

/** Also when all of its datasets are gone. */
async function remove(c: Request, caller: Caller): Promise<Response> {
  const names = await namesFor(c, caller);
  const annotation = await found(c, caller, names);
  requireWhole(caller, annotation);
  const entry = changeOf(c, caller, "annotation.delete", annotation.id, { before: summary(annotation, names) });
  if (!(await store.deleteAnnotation(c.env.DB, annotation, entry))) throw overtaken(annotation);
  return c.body(null, 204);
}

/**
 * An API token with this capability may name any dataset: names are no secret inside an organisation, and a token that only annotates
 * holds nothing on a dataset.
 */
async function namesFor(c: Request, caller: Caller): Promise<Names> {
  const all = await datasetIds(c.env.DB, caller.org);
  const ids = caller.visible === null ? all : new Map([...all].filter(([, id]) => maySee(caller, id)));
  return { ids, names: new Map([...ids].map(([name, id]) => [id, name])) };
}

/** Joined by commas, or one by one. A dataset that the caller may not see has as many annotations as one that does not exist. */
function namesIn(c: Request): string[] {
  return (c.req.queries("datasets") ?? []).flatMap((names) => names.split(",")).filter((name) => name !== "");
}

/** axiom-go says year 1 for no time, and each of its filters twice. */
function timeIn(c: Request, parameter: "start" | "end"): number | null {
  const times = (c.req.queries(parameter) ?? []).filter((time) => time !== "").map((time) => readTime(parameter, time));
  return times.find((time) => time !== null) ?? null;
}

function readTime(parameter: string, text: string): number | null {
  try {
    return readExpiry(parameter, text).at;
  } catch {
    throw new Problem("parameter-invalid", `${parameter} must be a time such as 2030-01-31T12:00:00Z`);
  }
}

function chosen(names: readonly string[], { ids }: Names): string[] {
  return [...new Set(names)].map((name) => {
    const id = ids.get(name);
    if (id === undefined) throw unknownDataset(name);
    return id;
  });
}

async function found(c: Request, caller: Caller, { names }: Names): Promise<store.Annotation> {
  const id = c.req.param("id") ?? "";
  const annotation = await store.findAnnotation(c.env.DB, caller.org, id);
  if (!annotation || (caller.visible !== null && !annotation.datasets.some((one) => names.has(one))))
    throw new Problem("resource-unknown", `annotation not found: ${id}; GET ${path} lists those there are`);
  return annotation;
}

function requireWhole(caller: Caller, { datasets }: store.Annotation): void {
  if (caller.visible !== null && !datasets.every((id) => maySee(caller, id)))
    throw forbidden("a role that no team restricts: the annotation is about datasets of others, too");
}

function summary({ type, title, datasets }: store.Annotation, { names }: Names) {
  return { type, title, datasets: namesOf(datasets, names) };
}

function view(annotation: store.Annotation, { names }: Names) {
  const { id, datasets, type, title, description, url, begins, ends } = annotation;
  return {
    ...{ id, type, datasets: namesOf(datasets, names), time: begins },
    ...{ ...(ends !== null && { endTime: ends }), ...(title && { title }), ...(description && { description }), ...(url && { url }) },
  };
}

function namesOf(datasets: readonly string[], names: Names["names"]): string[] {
  return datasets.map((id) => names.get(id)).filter((name) => name !== undefined);
}

function overtaken({ id }: store.Annotation): Problem {
  return new Problem("conflict", `the annotation ${id} was changed or deleted at the same moment; get it and decide anew`);
}
