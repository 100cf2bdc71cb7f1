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

/**
 * A second answer from the same events: in place of the query's operators from number `at` on, these are carried out. There the query, and
 * these too, begin with an operator that leaves the rows it is given as they are, such as `summarize`.
 */
export interface Beside {
  readonly at: number;
  readonly operators: readonly Operator[];
}

/** For one execution: its columns grow with what is read. */
export interface Plan {
  readonly flow: Flow;
  /** Where the second answer is made, fed by the first flow. */
  readonly beside: Flow | null;
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
export function planQuery(query: Query, options: PlanOptions, beside: Beside | null = null): Plan {
  const ground: Ground = { ...options, named: namesIn(query) };
  const tables = openTables(query);
  const sources: EventSource[] = [];
  const meter = openMeter();
  const base = { now: options.now, lets: valuesOf(query, options.now, meter), seed: seedOf(query), meter };
  let [operators, places, depth, holders] = [0, 0, 0, 0];
  let second: Flow | null = null;

  function plan(placed: Placed, outlook: Outlook): Flow {
    const { table, before } = placed;
    checkDepth(++depth, table.at);
    const { cost } = meter;
    const planning: Planning = { ...base, table: (inner, seen) => plan({ table: inner, before }, seen) };
    const parting = table === query.body ? beside : null;
    const following = [...table.operators.slice(0, parting?.at), ...(parting ? [] : outlook.following)];
    // behind what does not pass rows one by one, nothing that follows can be done earlier
    const isPassed = tables.passes({ table: { ...table, operators: [] }, before });
    const besides = parting ? [...table.operators.slice(0, parting.at), ...parting.operators] : table.operators;
    const isWhole = [table.operators, besides].some((each) => needsWhole(each, outlook.isWhole));
    const behind = { isWhole, following: isPassed ? following : [] };
    const { flow, isOfDataset, prepare } = source(placed, behind, planning);
    const last = lastFilter(following);
    if (last < 0 && isOfDataset) flow.steps.push(counting);
    table.operators.forEach((operator, i) => {
      if (++operators > OPERATORS_MAX) throw new QueryFault(operator.at, `a query has at most ${OPERATORS_MAX} operators`);
      prepare(operator);
      if (i === parting?.at) second = part(flow, parting.operators, outlook, planning);
      follow(flow, table.operators, i, outlook, planning);
      if (i === last && isPassed) flow.steps.push(counting);
    });
    prepare(null);
    depth--;
    // what rows cost in here is none of those who stand around it
    meter.cost = cost;
    return flow;
  }

  function follow(flow: Flow, all: readonly Operator[], i: number, outlook: Outlook, planning: Planning): void {
    const operator = all[i] as Operator;
    if (HOLDING.includes(operator.kind)) holders++;
    const rest = all.slice(i + 1);
    const [before, steps] = [meter.cost, flow.steps.length];
    planOperator(flow, operator, planning, {
      isWhole: needsWhole(rest, outlook.isWhole),
      following: [...rest, ...outlook.following],
    });
    metered(flow, steps, operator, meter.cost - before, meter);
  }

  /** The second answer's way from here on. */
  function part(flow: Flow, all: readonly Operator[], outlook: Outlook, planning: Planning): Flow {
    const own: Flow = { ...flow, rights: [], steps: [] };
    all.forEach((_, i) => {
      follow(own, all, i, outlook, planning);
    });
    flow.steps.push(toBoth);
    return own;
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
  return { flow, beside: second, sources, holders, meter };
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

const toBoth: Step = (next, { beside }) => ({
  push(rows) {
    beside?.push(rows);
    next.push(rows);
  },
  finish() {
    beside?.finish();
    next.finish();
  },
  get isDone() {
    return next.isDone && (beside?.isDone ?? true);
  },
});

/** FNV-1a of the tree. */
function seedOf({ body }: Query): number {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(body)) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}
