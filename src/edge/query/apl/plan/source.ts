/** Where the rows of a table come from: events of a dataset, one row that is printed, or several tables. */
import { compile } from "../compile.ts";
import { neededTexts, timeBounds } from "../hints.ts";
import type { Scope } from "../scope.ts";
import type { NeededText } from "../source.ts";
import type { Expression, Named, Operator } from "../syntax.ts";
import type { Row, Type } from "../value.ts";
import { compileIn, type EventSource, type Flow, type Outlook, type Planning, passing, passingMade } from "./flow.ts";
import { openLayout } from "./layout.ts";
import { namesOf } from "./names.ts";
import { mentions } from "./needs.ts";
import { put } from "./relay.ts";
import type { Range } from "./steps.ts";

/** What is known of the request and of its datasets. */
export interface Ground {
  readonly now: number;
  readonly range: Range;
  readonly isRangeGiven: boolean;
  virtualFields(dataset: string): ReadonlyMap<string, Expression>;
  /** Names of fields that the query has somewhere. */
  readonly named: ReadonlySet<string>;
}

/** Where neither the request nor the query says from when on. */
const DEFAULT_RANGE_MICROS = 15 * 60 * 1e6;

/** Fields that every event has, as they are read: microseconds. */
const TIMES: readonly string[] = ["_time", "_sysTime"];

export function planEvents(
  { name, at }: { readonly name: string; readonly at: number },
  { isWhole, following }: Outlook,
  { lets, meter }: Planning,
  ground: Ground,
): { flow: Flow; events: EventSource; virtual: Virtual } {
  const { now, named } = ground;
  const virtual = ground.virtualFields(name);
  const times = TIMES.filter((time, i) => i === 0 || isWhole || named.has(time));
  const layout = openLayout(times.map((time) => ({ name: time, type: "datetime" as const })));
  const scope: Scope = { columns: layout, open: true, lets, now, virtual, meter };
  let bounds: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const texts: (readonly NeededText[])[] = [];
  for (const operator of following) {
    if (operator.kind !== "where") break;
    const { from, to } = timeBounds(operator.predicate, scope);
    bounds = { from: Math.max(bounds.from, from), to: Math.min(bounds.to, to) };
    texts.push(...neededTexts(operator.predicate, scope));
  }
  const range = rangeOf(bounds, ground);
  const wanted = () => ({ names: isWhole ? null : [...new Set([...times, ...layout.asked])], ...range, texts });
  const events = { dataset: name, layout, wanted };
  const flow: Flow = {
    feed: { kind: "events", source: events },
    // what has no end goes on until now
    range: { from: Number.isFinite(range.from) ? range.from : 0, to: Number.isFinite(range.to) ? range.to : now },
    ...{ rights: [], steps: [], layout, open: true, isOfEvents: true, isLimited: false },
    ...{ order: null, meanings: new Map(), bucket: null, arrange: null },
  };
  return { flow, events, virtual: { fields: virtual, names: [...virtual.keys()].filter((one) => isWhole || named.has(one)), at } };
}

export interface Virtual {
  readonly fields: ReadonlyMap<string, Expression>;
  /** Those that the query needs; what they need of each other is compiled into them. */
  readonly names: readonly string[];
  readonly at: number;
}

/** Whether the operator has to come behind the virtual fields. */
export function needsVirtual(operator: Operator, { names }: Virtual): boolean {
  return operator.kind !== "where" || mentions(operator.predicate, new Set(names));
}

/** Virtual fields become columns, in place of what an event has under their names. */
export function addVirtual(flow: Flow, { fields, names, at }: Virtual, { now, meter }: Planning): void {
  if (names.length === 0) return;
  const { layout } = flow;
  // they are the dataset's: a name that the query has given means nothing in them
  const scope: Scope = { columns: layout, open: true, lets: new Map(), now, virtual: fields, meter };
  const { makers } = meter;
  const compiled = names.map((name) => compile({ kind: "column", name, at }, scope));
  const sets = names.map((name, i) => ({
    slot: layout.define(name, compiled[i]?.type ?? "dynamic"),
    run: compiled[i]?.run ?? (() => null),
  }));
  const set = (row: Row, into: Row) => {
    const values = sets.map(({ run }) => run(row) ?? null);
    for (const [i, { slot }] of sets.entries()) put(into, slot, values[i]);
    return into;
  };
  flow.steps.push((next, run) =>
    meter.makers > makers
      ? passingMade(next, run, (row) => set(row, row.slice()))
      : passing(next, (rows) => {
          for (const row of rows) set(row, row);
          return rows;
        }),
  );
}

function rangeOf({ from, to }: Range, { now, range, isRangeGiven }: Ground): Range {
  if (isRangeGiven) return { from: Math.max(range.from, from), to: Math.min(range.to, to) };
  if (Number.isFinite(from) || Number.isFinite(to)) return { from, to };
  return { from: now - DEFAULT_RANGE_MICROS, to: Math.max(range.to, now) };
}

/** One row of values that need none. */
export function planPrint(items: readonly Named[], planning: Planning, range: Range): Flow {
  const names = namesOf(items, "print_", 0);
  const values = items.map(({ value }) => compileIn({ layout: openLayout(), open: false, range }, value, planning));
  const columns = names.map((name, i): { name: string; type: Type } => ({ name, type: values[i]?.type ?? "dynamic" }));
  return {
    feed: { kind: "rows", rows: [values.map(({ run }) => run([]))] },
    ...{ range, rights: [], steps: [], layout: openLayout(columns), open: false, isOfEvents: false, isLimited: false },
    ...{ order: null, meanings: new Map(), bucket: null, arrange: null },
  };
}
