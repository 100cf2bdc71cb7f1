/** A query's tree to a plan: all that can be wrong with it is found here, before an event is read. */
import { compile } from "./compile.ts";
import { QueryFault } from "./fault.ts";
import { type Meter, openMeter } from "./meter.ts";
import { planOperator } from "./operators/planners.ts";
import { planUnion } from "./operators/union.ts";
import type { EventSource, Flow, Outlook, Planning, Step } from "./plan/flow.ts";
import { openLayout } from "./plan/layout.ts";
import { metered } from "./plan/metered.ts";
import { namesIn, needsWhole } from "./plan/needs.ts";
import { addVirtual, type Ground, needsVirtual, planEvents, planPrint } from "./plan/source.ts";
import { checkDepth, lastFilter, openTables, type Placed } from "./plan/tables.ts";
import type { Expression, Operator, Query } from "./syntax.ts";

/** Places in a query at which rows come from somewhere; a table that `let` has named counts wherever it is used. */
export const SOURCES_MAX = 32;
/** Operators, all in all, of which each does something for every row that passes. */
export const OPERATORS_MAX = 500;

export type PlanOptions = Omit<Ground, "named">;

/** For one execution: its columns grow with what is read. */
export interface Plan {
  readonly flow: Flow;
  /** What is read, in the order in which the query names it. */
  readonly sources: readonly EventSource[];
  /** How many operators hold rows, or something for each of them. */
  readonly holders: number;
  readonly meter: Meter;
}

/**
 * @throws QueryFault saying where: an unknown function or column, types that do not fit, an aggregation out of place. Not checked: whether
 * the datasets exist, or who may read them.
 */
export function planQuery(query: Query, options: PlanOptions): Plan {
  const ground: Ground = { ...options, named: namesIn(query) };
  const tables = openTables(query);
  const sources: EventSource[] = [];
  const meter = openMeter();
  const base = { now: options.now, lets: valuesOf(query, options.now, meter), seed: seedOf(query), meter };
  let [operators, places, depth, holders] = [0, 0, 0, 0];

  function plan(placed: Placed, outlook: Outlook): Flow {
    const { table, before } = placed;
    checkDepth(++depth, table.at);
    const { cost } = meter;
    const planning: Planning = { ...base, table: (inner, seen) => plan({ table: inner, before }, seen) };
    const following = [...table.operators, ...outlook.following];
    // behind what does not pass rows one by one, nothing that follows can be done earlier
    const isPassed = tables.passes({ table: { ...table, operators: [] }, before });
    const behind = { isWhole: needsWhole(table.operators, outlook.isWhole), following: isPassed ? following : [] };
    const { flow, isOfDataset, prepare } = source(placed, behind, planning);
    const last = lastFilter(following);
    if (last < 0 && isOfDataset) flow.steps.push(counting);
    table.operators.forEach((operator, i) => {
      if (++operators > OPERATORS_MAX) throw new QueryFault(operator.at, `a query has at most ${OPERATORS_MAX} operators`);
      if (HOLDING.includes(operator.kind)) holders++;
      prepare(operator);
      const [before, steps] = [meter.cost, flow.steps.length];
      const isWhole = needsWhole(table.operators.slice(i + 1), outlook.isWhole);
      planOperator(flow, operator, planning, { isWhole, following: following.slice(i + 1) });
      metered(flow, steps, operator, meter.cost - before, meter);
      if (i === last && isPassed) flow.steps.push(counting);
    });
    prepare(null);
    depth--;
    // what rows cost in here is none of those who stand around it
    meter.cost = cost;
    return flow;
  }

  /** `prepare` is to be told of each operator, and null behind the last: virtual fields come before the first that may need them. */
  function source({ table: { source: from }, before }: Placed, outlook: Outlook, planning: Planning) {
    const made = (flow: Flow) => ({ flow, isOfDataset: false, prepare: NOTHING });
    if (from.kind === "union") return made(planUnion(from, planning, outlook));
    const given = from.kind === "table" ? tables.find(from.name, before) : null;
    if (given !== null) return made(plan(given, outlook));
    if (++places > SOURCES_MAX) throw new QueryFault(from.at, `a query reads at ${SOURCES_MAX} places at most, those within let included`);
    if (from.kind === "print") return made(planPrint(from.items, planning, options.range));
    const { flow, events, virtual } = planEvents(from, outlook, planning, ground);
    sources.push(events);
    let isAdded = false;
    const prepare = (operator: Operator | null) => {
      if (isAdded || (operator !== null && !needsVirtual(operator, virtual))) return;
      isAdded = true;
      addVirtual(flow, virtual, planning);
    };
    return { flow, isOfDataset: true, prepare };
  }

  const flow = plan({ table: query.body, before: query.lets.length }, { isWhole: true, following: [] });
  return { flow, sources, holders, meter };
}

const HOLDING: readonly Operator["kind"][] = ["sort", "top", "sample", "summarize", "make-series", "distinct", "join"];

const NOTHING = (_: Operator | null): void => undefined;

/** Values that `let` has named are computed once, each from those before it. */
function valuesOf({ lets }: Query, now: number, meter: Meter): ReadonlyMap<string, Expression> {
  const values = new Map<string, Expression>();
  for (const { name, at, value } of lets) {
    if (value.kind !== "scalar") continue;
    const scope = { columns: openLayout(), open: false, lets: values, now, virtual: new Map(), meter };
    const { type, run } = compile(value.expression, scope);
    values.set(name, { kind: "literal", type, value: run([]) ?? null, at });
  }
  return values;
}

/** Rows that passed the filters right behind their source. */
const counting: Step = (next, run) => ({
  push(rows) {
    run.rowsMatched += rows.length;
    next.push(rows);
  },
  finish: () => next.finish(),
  get isDone() {
    return next.isDone;
  },
});

/** FNV-1a of the tree. */
function seedOf({ body }: Query): number {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(body)) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}
