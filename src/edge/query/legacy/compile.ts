/** A legacy query as the tree that APL's text becomes. */
import { Problem } from "../../../problem.ts";
import type { Beside } from "../apl/plan.ts";
import type { Expression, Named, Operator, Query, SortKey } from "../apl/syntax.ts";
import type { LegacyRequest } from "../request/legacy.ts";
import { aggregationCall } from "./aggregation.ts";
import { filterExpression } from "./filter.ts";
import { step } from "./step.ts";
import { call, column, timespan } from "./tree.ts";

/** What a field of the answer is called, and what it is called in the tree, where names have to differ. */
export interface Label {
  readonly name: string;
  readonly label: string;
}

export type LegacyPlan =
  | { readonly kind: "events"; readonly query: Query }
  | {
      readonly kind: "groups";
      /** By interval, and beside it over the whole range. */
      readonly series: Query;
      readonly totals: Beside;
      readonly groups: readonly Label[];
      readonly aggregations: readonly Label[];
      /** Length of an interval, microseconds. */
      readonly step: number;
    };

/**
 * @param parse reads an APL expression.
 * @throws Problem `body-invalid` naming what is wrong.
 */
export function compileLegacy(request: LegacyRequest, dataset: string, now: number, parse: (text: string) => Expression): LegacyPlan {
  const operators: Operator[] = request.virtualFields.map(({ alias, expr }) => ({
    kind: "extend",
    items: [named(alias, parse(expr))],
    at: 0,
  }));
  if (request.filter) operators.push({ kind: "where", predicate: filterExpression(resolved(request, request.filter), now), at: 0 });
  if (request.aggregations.length === 0) {
    if (request.groupBy.length > 0)
      throw new Problem("body-invalid", 'groupBy needs aggregations, such as [{"op": "count", "field": "*"}]');
    return { kind: "events", query: queryOf(dataset, [...operators, ...eventOperators(request)]) };
  }
  return grouped(request, dataset, operators);
}

function eventOperators(request: LegacyRequest): Operator[] {
  const keys = request.order.map(({ field, desc }) => sortKey(column(fieldOf(request, field)), desc));
  if (keys.length === 0) keys.push(sortKey(column("_time"), true));
  const top: Operator = { kind: "top", count: request.limit, keys, at: 0 };
  if (request.project.length === 0) return [top];
  const beside = ["_time", "_sysTime", "_rowID"].map((name) => named(name, column(name)));
  const chosen = request.project.map(({ field, alias }) => named(alias || field, column(field)));
  const items = [...beside, ...chosen.filter(({ name }) => !beside.some((one) => one.name === name))];
  return [top, { kind: "project", items, at: 0 }];
}

function grouped(request: LegacyRequest, dataset: string, before: readonly Operator[]): LegacyPlan {
  const groups = request.groupBy.map((label, at) => ({ label, name: `group${at}` }));
  const aggregations = request.aggregations.map(({ alias, op }, at) => ({ label: alias || op.toUpperCase(), name: `aggregation${at}` }));
  const by = groups.map(({ label, name }) => named(name, column(fieldOf(request, label))));
  const aggregates = request.aggregations.map((one, at) =>
    named(
      `aggregation${at}`,
      aggregationCall(one, (field) => fieldOf(request, field)),
    ),
  );
  const ranked = request.order.map(({ field, desc }) => sortKey(column(rankedBy(request, field)), desc));
  const totals: Operator[] = [{ kind: "summarize", aggregates, by, at: 0 }];
  if (ranked.length > 0) totals.push({ kind: "sort", keys: ranked, at: 0 });
  totals.push({ kind: "take", count: request.limit, at: 0 });
  const length = step(request.range, request.resolution);
  const interval = named("_time", call("bin", column("_time"), timespan(length)));
  const series: Operator[] = [...before, { kind: "summarize", aggregates, by: [interval, ...by], at: 0 }];
  if (ranked.length > 0) series.push({ kind: "sort", keys: ranked, at: 0 });
  return {
    kind: "groups",
    series: queryOf(dataset, series),
    totals: { at: before.length, operators: totals },
    groups,
    aggregations,
    step: length,
  };
}

/** The column that groups are ordered by: one of the groups' fields, or an aggregation by its alias, its op or its field. */
function rankedBy(request: LegacyRequest, field: string): string {
  const group = request.groupBy.indexOf(field);
  if (group >= 0) return `group${group}`;
  for (const pick of ["alias", "op", "field"] as const) {
    const found = request.aggregations.findIndex((one) => one[pick] === field || (pick === "op" && one.op === field.toLowerCase()));
    if (found >= 0) return `aggregation${found}`;
  }
  throw new Problem(
    "body-invalid",
    `order names ${JSON.stringify(field)}, which is neither in groupBy nor an aggregation's alias, op or field`,
  );
}

/** A field by its own name or by the alias that a projection gives it. */
function fieldOf({ project, virtualFields }: LegacyRequest, name: string): string {
  if (virtualFields.some(({ alias }) => alias === name)) return name;
  return project.find(({ alias }) => alias === name)?.field ?? name;
}

function resolved(request: LegacyRequest, filter: NonNullable<LegacyRequest["filter"]>): NonNullable<LegacyRequest["filter"]> {
  return { ...filter, field: fieldOf(request, filter.field), children: filter.children.map((child) => resolved(request, child)) };
}

function queryOf(dataset: string, operators: readonly Operator[]): Query {
  return { lets: [], body: { at: 0, source: { kind: "table", name: dataset, at: 0 }, operators } };
}

function named(name: string, value: Expression): Named {
  return { name, value, at: 0 };
}

function sortKey(by: Expression, descending: boolean): SortKey {
  return { by, descending, nulls: descending ? "last" : "first", at: 0 };
}
