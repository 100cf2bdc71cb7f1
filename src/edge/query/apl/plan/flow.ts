/** A table that is being planned: where its rows come from, what is done with them, and what is known of its columns. */
import type { Origin } from "../aggregates/aggregate.ts";
import type { Budget } from "../aggregates/budget.ts";
import { compile } from "../compile.ts";
import { QueryFault } from "../fault.ts";
import type { Limits } from "../limits.ts";
import { type Meter, openPortion } from "../meter.ts";
import type { Wanted } from "../source.ts";
import type { Expression, Operator, Tabular } from "../syntax.ts";
import type { Compiled, Row } from "../value.ts";
import type { Layout } from "./layout.ts";
import { type Range, withSteps } from "./steps.ts";
import { visited } from "./tree.ts";

/** Takes rows, and gives others to the next one. */
export interface Stage {
  push(rows: readonly Row[]): void;
  /** There are no more rows. */
  finish(): void;
  /** More rows would change nothing. */
  readonly isDone: boolean;
}

/** One execution. */
export interface Run {
  readonly limits: Limits;
  readonly meter: Meter;
  /** For one operator that holds rows: each of them has its part, so that none leaves nothing for those behind it. */
  openBudget(): Budget;
  /** Asks for one more row that is made of others; false: the query has made as many as it may. */
  makeRow(): boolean;
  /** Tells of rows that were left out: the answer is partial. */
  cut(code: string, text: string): void;
  /** Rows that passed the filters right behind a source. */
  rowsMatched: number;
  /** Right sides of joins that have been read. */
  readonly held: Map<RightSide, HeldRows>;
  /** Where the rows of a second answer go. */
  beside: Stage | null;
}

export interface HeldRows {
  /** Rows by the key of their join. */
  readonly byKey: ReadonlyMap<string, readonly Row[]>;
}

export type Step = (next: Stage, run: Run) => Stage;

export interface RightSide {
  readonly flow: Flow;
  open(run: Run): Stage & { readonly rows: HeldRows };
}

export interface EventSource {
  readonly dataset: string;
  readonly layout: Layout;
  /** Complete when all of the query has been planned. */
  wanted(): Wanted;
}

export type Feed =
  | { readonly kind: "events"; readonly source: EventSource }
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | { readonly kind: "union"; readonly parts: readonly { readonly flow: Flow; readonly into: Step }[] };

/** What a column of a result is, beside its values. */
export type Meaning = { readonly kind: "group" } | { readonly kind: "aggregation"; readonly origin: Origin };

export interface Ordering {
  readonly field: string;
  readonly desc: boolean;
}

export interface Flow {
  feed: Feed;
  /** Of `_time` in its events, microseconds; it has an end. */
  range: Range;
  /** To be read before the rows come. */
  rights: RightSide[];
  steps: Step[];
  layout: Layout;
  /** Columns may turn up that are not known yet. */
  open: boolean;
  /** Each row is an event or comes from one, and nothing has put them into an order. */
  isOfEvents: boolean;
  /** The query says how many rows it wants. */
  isLimited: boolean;
  order: readonly Ordering[] | null;
  meanings: ReadonlyMap<string, Meaning>;
  /** By which rows are grouped, the step in microseconds. */
  bucket: { readonly field: string; readonly size: number } | null;
  /** Of an open table: its columns in the order that the query wants, by `project-reorder`. */
  arrange: ((names: readonly string[]) => string[]) | null;
}

/** What expressions over a table are compiled with. */
export type Surroundings = Pick<Flow, "layout" | "open" | "range">;

/** What is the same in all of a query. */
export interface Planning {
  readonly now: number;
  readonly lets: ReadonlyMap<string, Expression>;
  /** The same for the same query. */
  readonly seed: number;
  readonly meter: Meter;
  /** Plans a table that stands inside an operator. */
  table(tabular: Tabular, outlook: Outlook): Flow;
}

/** What becomes of a table behind an operator. */
export interface Outlook {
  /** Its rows are taken as wholes, so that all fields of events are wanted. */
  readonly isWhole: boolean;
  /** The operators that follow, up to the end of the tabular expression. */
  readonly following: readonly Operator[];
}

/** Some operators of the tree share one shape. */
export type OperatorOf<K, O = Operator> = O extends Operator ? (K extends O["kind"] ? O : never) : never;

export type PlanOperator<K extends Operator["kind"]> = (flow: Flow, operator: OperatorOf<K>, planning: Planning, outlook: Outlook) => void;

/** @throws QueryFault */
export function compileIn({ layout, open, range }: Surroundings, expression: Expression, { lets, now, meter }: Planning): Compiled {
  visited(expression, (one) => {
    if (one.kind === "column" && open && !lets.has(one.name)) checkThere(layout, one.name, one.at);
  });
  // virtual fields are computed behind the source, so that they are columns from there on
  return compile(withSteps(expression, range), { columns: layout, open, lets, now, virtual: new Map(), meter });
}

/** The flow goes on as a table of its own, closed unless told: columns mean what they are told to mean. */
export function becomes(flow: Flow, layout: Layout, more: Partial<Flow> = {}): void {
  Object.assign(flow, { layout, open: false, isOfEvents: false, order: null, meanings: new Map(), bucket: null, arrange: null, ...more });
}

/** @throws QueryFault where the name has been taken away. */
export function checkThere(layout: Layout, name: string, at: number): void {
  if (layout.lacks(name)) throw new QueryFault(at, `there is no column ${name} any more: an operator before this one leaves it out`);
}

/** A stage that changes rows one portion at a time and holds none. */
export function passing(next: Stage, change: (rows: readonly Row[]) => readonly Row[]): Stage {
  return {
    push(rows) {
      const changed = change(rows);
      if (changed.length > 0) next.push(changed);
    },
    finish: () => next.finish(),
    get isDone() {
      return next.isDone;
    },
  };
}

/** As `passing`, where functions make values of the rows: a portion is cut short rather than hold many of them. Null leaves a row out. */
export function passingMade(next: Stage, { meter }: Run, change: (row: Row) => Row | null): Stage {
  return {
    push(rows) {
      const portion = openPortion((some) => next.push(some), meter, PORTION_ROWS);
      for (const row of rows) {
        if (next.isDone) return;
        const changed = change(row);
        if (changed !== null) portion.add(changed);
        portion.settle();
      }
      portion.flush();
    },
    finish: () => next.finish(),
    get isDone() {
      return next.isDone;
    },
  };
}

/** Rows given on at a time by a stage that held them. */
export const PORTION_ROWS = 1_000;

export function pushAll(next: Stage, rows: Iterable<Row>, { meter }: Run): void {
  const portion = openPortion((some) => next.push(some), meter, PORTION_ROWS);
  for (const row of rows) {
    if (next.isDone) return;
    portion.add(row);
    portion.settle();
  }
  if (!next.isDone) portion.flush();
}
