/** `mv-expand`: a row for each element of an array, or for each member of an object as an object of its own. */
import { openPortion } from "../meter.ts";
import { compileIn, type PlanOperator, PORTION_ROWS, type Run } from "../plan/flow.ts";
import { without } from "../plan/meanings.ts";
import { namesOf } from "../plan/names.ts";
import { put } from "../plan/relay.ts";
import type { Row, Value } from "../value.ts";
import { converter } from "./convert.ts";

/** Rows that one row becomes, whatever the query says. An event has at most as many elements as bytes, and each row is a copy of it. */
export const EXPANDED_ROWS_MAX = 10_000;

export const mvExpand: PlanOperator<"mv-expand"> = (flow, { items, indexName, limit }, planning) => {
  const names = namesOf(items);
  const runs = items.map(({ value }) => compileIn(flow, value, planning).run);
  const indexSlot = indexName === null ? null : flow.layout.define(indexName, "long");
  const sets = items.map(({ type }, i) => ({
    slot: flow.layout.define(names[i] ?? "", type ?? "dynamic"),
    convert: type === null ? (value: Value) => value : ofType(type),
  }));
  flow.meanings = without(flow.meanings, names);
  const most = Math.min(limit ?? Number.POSITIVE_INFINITY, EXPANDED_ROWS_MAX);

  /** @returns whether more may be made. */
  function expand(row: Row, run: Run, add: (row: Row) => boolean): boolean {
    const elements = runs.map((of) => elementsOf(of(row)));
    // of several, the missing elements of a shorter one are null
    const length = Math.max(...elements.map((one) => one.length));
    if (length > most && most === EXPANDED_ROWS_MAX)
      run.cut("apl_mv_expand_limit", `mv-expand makes at most ${EXPANDED_ROWS_MAX} rows of one: further elements are left out`);
    for (let i = 0; i < Math.min(length, most); i++) {
      if (!run.makeRow()) {
        run.cut(
          "apl_mv_expand_limit",
          `a query makes at most ${run.limits.madeRows} rows of others, by mv-expand and join: further ones are left out`,
        );
        return false;
      }
      const copy = row.slice();
      sets.forEach(({ slot, convert }, k) => {
        put(copy, slot, convert(elements[k]?.[i] ?? null));
      });
      if (indexSlot !== null) put(copy, indexSlot, i);
      if (!add(copy)) return true;
    }
    return true;
  }

  flow.steps.push((next, run) => {
    let isStopped = false;
    return {
      push(rows) {
        const portion = openPortion((some) => next.push(some), run.meter, PORTION_ROWS);
        const add = (row: Row) => {
          portion.add(row);
          return !next.isDone;
        };
        for (const row of rows) {
          isStopped ||= !expand(row, run, add);
          // the elements of this row are in use until here
          portion.settle();
          if (isStopped || next.isDone) break;
        }
        if (!next.isDone) portion.flush();
      },
      finish: () => next.finish(),
      get isDone() {
        return isStopped || next.isDone;
      },
    };
  });
};

function elementsOf(value: Value): readonly Value[] {
  if (value === null || value === undefined) return [null];
  if (typeof value !== "object") return [value];
  return Array.isArray(value) ? value : Object.entries(value).map(([name, member]) => ({ [name]: member as Value }));
}

/** Elements are cast, not parsed: a text is no number. A time has no other form in JSON than text. */
function ofType(type: NonNullable<Parameters<typeof converter>[1]>): (value: Value) => Value {
  const convert = converter("dynamic", type);
  if (type === "dynamic" || type === "datetime" || type === "timespan") return convert;
  const wanted = type === "long" || type === "real" ? "number" : type === "bool" ? "boolean" : "string";
  return (value) => (typeof value === wanted ? convert(value) : null);
}
