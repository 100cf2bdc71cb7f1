/** A query's tree to a plan: all that can be wrong with it is found here, before an event is read. */
import { compile } from "./compile.ts";
import { QueryFault } from "./fault.ts";
import { planOperator } from "./operators/planners.ts";
import { planUnion } from "./operators/union.ts";
import type { EventSource, Flow, Outlook, Planning, Step } from "./plan/flow.ts";
import { openLayout } from "./plan/layout.ts";
import { namesIn, needsWhole } from "./plan/needs.ts";
import { addVirtual, type Ground, needsVirtual, planEvents, planPrint } from "./plan/source.ts";
import type { Expression, Let, Operator, Query, Source, Tabular } from "./syntax.ts";

/** Places in a query at which a dataset is read; a table that `let` has named counts wherever it is used. */
export const SOURCES_MAX = 32;
/** Operators, all in all, of which each holds something for every row that passes. */
export const OPERATORS_MAX = 500;

export type PlanOptions = Omit<Ground, "named">;

/** For one execution: its columns grow with what is read. */
export interface Plan {
  readonly flow: Flow;
  /** What is read, in the order in which the query names it. */
  readonly sources: readonly EventSource[];
}

/**
 * @throws QueryFault saying where: an unknown function or column, types that do not fit, an aggregation out of place. Not checked: whether
 * the datasets exist, or who may read them.
 */
export function planQuery(query: Query, options: PlanOptions): Plan {
  const ground: Ground = { ...options, named: namesIn(query) };
  const sources: EventSource[] = [];
  const tables = new Map<string, Planned>();
  const lets = new Map<string, Expression>();
  let operators = 0;
  let places = 0;

  const base = { now: options.now, lets, seed: seedOf(query) };
  for (const one of query.lets) {
    // a name means what came before it, also where a later one is inside
    if (one.value.kind === "table") tables.set(one.name, { table: one.value.table, known: new Map(tables) });
    else lets.set(one.name, constantOf(one, one.value.expression, base));
  }

  function table(tabular: Tabular, known: Tables, outlook: Outlook): Flow {
    const planning: Planning = { ...base, table: (inner, seen) => table(inner, known, seen) };
    const following = [...tabular.operators, ...outlook.following];
    const passed = tablesOf(tabular.source, known).every(({ table: inner, known: its }) => passes(inner, its));
    const begun = source(
      tabular,
      known,
      { isWhole: needsWhole(tabular.operators, outlook.isWhole), following: passed ? following : [] },
      planning,
    );
    const { flow } = begun;
    const last = lastFilter(following);
    if (last < 0 && begun.isDataset) flow.steps.push(counting);
    tabular.operators.forEach((operator, i) => {
      if (++operators > OPERATORS_MAX) throw new QueryFault(operator.at, `a query has at most ${OPERATORS_MAX} operators`);
      begun.before(operator);
      const isWhole = needsWhole(tabular.operators.slice(i + 1), outlook.isWhole);
      planOperator(flow, operator, planning, { isWhole, following: following.slice(i + 1) });
      if (i === last && passed) flow.steps.push(counting);
    });
    begun.before(null);
    return flow;
  }

  /** `before` is to be told of each operator, and null behind the last: virtual fields come before the first that may need them. */
  function source(tabular: Tabular, known: Tables, outlook: Outlook, planning: Planning) {
    const { source: from } = tabular;
    const made = (flow: Flow) => ({ flow, isDataset: false, before: NOTHING });
    if (from.kind === "union") return made(planUnion(from, planning, outlook));
    const given = from.kind === "table" ? known.get(from.name) : undefined;
    if (given !== undefined) return made(table(given.table, given.known, outlook));
    if (++places > SOURCES_MAX)
      throw new QueryFault(
        from.at,
        `a query reads tables at ${SOURCES_MAX} places at most, those that let has named wherever they are used`,
      );
    if (from.kind === "print") return made(planPrint(from.items, planning, options.range));
    const { flow, virtual } = planEvents(from, tabular.operators, outlook.isWhole, planning, ground);
    if (flow.feed.kind === "events") sources.push(flow.feed.source);
    let isAdded = false;
    const before = (operator: Operator | null) => {
      if (isAdded || (operator !== null && !needsVirtual(operator, virtual))) return;
      isAdded = true;
      addVirtual(flow, virtual, options.now);
    };
    return { flow, isDataset: true, before };
  }

  const passing = new Map<Tabular, boolean>();
  function passes(tabular: Tabular, known: Tables): boolean {
    const found = passing.get(tabular);
    if (found !== undefined) return found;
    const all = tabular.operators.every(({ kind }) => PASSING.includes(kind));
    const made = all && tablesOf(tabular.source, known).every(({ table: inner, known: its }) => passes(inner, its));
    passing.set(tabular, made);
    return made;
  }

  return { flow: table(query.body, tables, { isWhole: true, following: [] }), sources };
}

const NOTHING = (_: Operator | null): void => undefined;

type Tables = ReadonlyMap<string, Planned>;

/** The tables that a source is made of. */
function tablesOf(source: Source, known: Tables): readonly Planned[] {
  if (source.kind === "union") return source.of.map((table) => ({ table, known }));
  const given = source.kind === "table" ? known.get(source.name) : undefined;
  return given === undefined ? [] : [given];
}

/** A table that `let` has named, and the tables that its own names mean. */
interface Planned {
  readonly table: Tabular;
  readonly known: Tables;
}

/** A value that `let` has named is computed once. */
function constantOf({ at }: Let, expression: Expression, { lets, now }: Pick<Planning, "lets" | "now">): Expression {
  const { type, run } = compile(expression, { columns: openLayout(), open: false, lets, now, virtual: new Map() });
  return { kind: "literal", type, value: run([]) ?? null, at };
}

const FILTERS: readonly Operator["kind"][] = ["where", "search"];
const PASSING: readonly Operator["kind"][] = [
  ...FILTERS,
  ...(["extend", "project", "project-away", "project-keep", "project-rename", "project-reorder"] as const),
];

/** Rows are counted as matched behind the last filter that comes before anything else is done with them; below 0: there is none. */
function lastFilter(operators: readonly Operator[]): number {
  const end = operators.findIndex(({ kind }) => !PASSING.includes(kind));
  return operators.slice(0, end < 0 ? operators.length : end).findLastIndex(({ kind }) => FILTERS.includes(kind));
}

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
