/** `union`: rows of several tables, one table behind the other, columns by name. */
import { type Flow, type Outlook, type Planning, type PlanOperator, passing, type Step } from "../plan/flow.ts";
import { type Layout, openLayout } from "../plan/layout.ts";
import { openRelay, put } from "../plan/relay.ts";
import type { Source, Tabular } from "../syntax.ts";
import type { Row, Type } from "../value.ts";
import { converter } from "./convert.ts";

export const union: PlanOperator<"union"> = (flow, { others }, planning, { isWhole }) => {
  const first = { ...flow };
  const parts = [first, ...others.map((other) => planning.table(other, { isWhole, following: [] }))];
  Object.assign(flow, unionOf(parts, null, []));
};

export function planUnion({ of, sourceColumn }: Extract<Source, { kind: "union" }>, planning: Planning, outlook: Outlook): Flow {
  const parts = of.map((one) => planning.table(one, outlook));
  return unionOf(parts, sourceColumn, of.map(nameOf));
}

/** As Kusto calls a part that is no table by itself. */
function nameOf({ source, operators }: Tabular, position: number): string {
  return source.kind === "table" && operators.length === 0 ? source.name : `union_arg${position}`;
}

function unionOf(parts: readonly Flow[], sourceColumn: string | null, names: readonly string[]): Flow {
  const open = parts.some((part) => part.open);
  const layout = openLayout([], (name) => {
    const asked = parts.flatMap((part) => {
      const slot = part.open ? part.layout.slot(name) : part.layout.find(name);
      return slot === undefined ? [] : [part.layout.list[slot]?.type ?? "dynamic"];
    });
    return asked.length === 0 ? null : commonType(asked);
  });
  const sourceSlot = sourceColumn === null ? null : layout.define(sourceColumn, "string");
  for (const part of parts)
    for (const { name } of part.layout.list) {
      const isDefined = part.layout.defined.has(name) || !part.open;
      const slot = layout.slot(name);
      if (isDefined) layout.define(name, layout.list[slot]?.type ?? "dynamic");
    }
  return {
    feed: { kind: "union", parts: parts.map((part, i) => ({ flow: part, into: into(part, layout, sourceSlot, names[i] ?? "") })) },
    rights: [],
    steps: [],
    layout,
    range: { from: Math.min(...parts.map(({ range }) => range.from)), to: Math.max(...parts.map(({ range }) => range.to)) },
    ...{ open, isOfEvents: parts.every((part) => part.isOfEvents), isLimited: parts.every((part) => part.isLimited) },
    ...{ order: null, meanings: new Map(), bucket: null, arrange: null },
  };
}

/** Types that differ meet in dynamic, whose times are texts; whole and other numbers in real. */
function commonType(types: readonly Type[]): Type {
  const [first = "dynamic", ...others] = [...new Set(types)];
  if (others.length === 0) return first;
  return [first, ...others].every((type) => type === "long" || type === "real") ? "real" : "dynamic";
}

function into({ layout: from }: Flow, layout: Layout, sourceSlot: number | null, name: string): Step {
  return (next) => {
    const relay = openRelay(from, (column, type) => {
      const slot = layout.slot(column, type);
      const as = layout.list[slot]?.type ?? "dynamic";
      return slot === sourceSlot ? null : { slot, convert: as === type ? undefined : converter(type, as) };
    });
    return passing(next, (rows) =>
      rows.map((row) => {
        const made: Row = [];
        relay(row, made);
        if (sourceSlot !== null) put(made, sourceSlot, name);
        return made;
      }),
    );
  };
}
