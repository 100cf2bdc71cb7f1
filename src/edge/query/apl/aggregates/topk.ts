/**
 * `topk`: the values that are found most often, `[{key, count, error}]` as Axiom answers it, by space-saving in portions: once twice as
 * many values are counted as are wanted, the rarer half is forgotten, and whatever turns up later may have been among it, so it begins
 * with the highest count that was forgotten as its `error`. Then count - error <= true count <= count, and error <= rows / tracked.
 */
import type { Compiled, Value } from "../value.ts";
import type { States } from "./aggregate.ts";
import { type Budget, bytesOf } from "./budget.ts";
import { openInterned } from "./canonical.ts";

export const TOP_MAX = 1000;
const TRACKED_MIN = 1000;
/** With the object that the result may have for it. */
const ENTRY_BYTES = 200;

interface Entry {
  readonly key: Value;
  count: number;
  readonly error: number;
}

interface Counted {
  entries: Map<Value, Entry>;
  /** No value that is not counted has been found more often. */
  forgotten: number;
}

export const trackedFor = (top: number) => Math.max(TRACKED_MIN, 8 * top);

/** Nulls are passed over. Values that are equally frequent stand in the order of their texts. */
export function topkStates({ run }: Compiled, top: number, budget: Budget): States {
  const interned = openInterned(budget);
  const tracked = trackedFor(top);
  const groups: Counted[] = [];
  return {
    groupBytes: 240,
    begin() {
      groups.push({ entries: new Map(), forgotten: 0 });
    },
    add(group, row) {
      const key = interned.keyOf(run(row));
      if (key === null || key === undefined) return;
      const counted = groups[group] as Counted;
      const entry = counted.entries.get(key);
      if (entry !== undefined) {
        entry.count++;
        return;
      }
      if (!budget.take(ENTRY_BYTES + bytesOf(key))) return;
      counted.entries.set(key, { key, count: counted.forgotten + 1, error: counted.forgotten });
      if (counted.entries.size > 2 * tracked) forget(counted, tracked, budget);
    },
    put(group, into) {
      const best = sorted((groups[group] as Counted).entries).slice(0, top);
      into.push(best.map(({ key, count, error }) => ({ key, count, error })));
    },
  };
}

const sorted = (entries: Map<Value, Entry>) =>
  [...entries.values()].sort((a, b) => b.count - a.count || (String(a.key) < String(b.key) ? -1 : 1));

function forget(counted: Counted, tracked: number, budget: Budget): void {
  const best = sorted(counted.entries);
  counted.forgotten = best[tracked]?.count ?? counted.forgotten;
  for (const { key } of best.slice(tracked)) budget.giveBack(ENTRY_BYTES + bytesOf(key));
  counted.entries = new Map(best.slice(0, tracked).map((entry) => [entry.key, entry]));
}
