import type { Aggregate } from "../aggregates/aggregate.ts";
import { openAggregate } from "../aggregates/aggregates.ts";
import { secondsOfGroup } from "../aggregates/bin-auto.ts";
import { fieldsIn } from "../aggregates/derived.ts";
import { openGrouping } from "../aggregates/grouping.ts";
import { splitAggregates } from "../aggregates/split.ts";
import type { ColumnInfo } from "../columns.ts";
import { becomes, compileIn, type Flow, type Meaning, type Planning, type PlanOperator, pushAll } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";
import { checkTwice, namesOf, unlike } from "../plan/names.ts";
import { hasStar } from "../plan/needs.ts";
import { put } from "../plan/relay.ts";
import { stepOfBin } from "../plan/steps.ts";
import type { Expression, Named, Operator } from "../syntax.ts";
import type { Row, Type } from "../value.ts";

/** One item behind `summarize`: columns of an aggregation, or one computed of several. */
interface Item {
  readonly aggregates: readonly Aggregate[];
  /** Null: the item is a wide aggregation, whose columns are taken as they are. */
  readonly rest: { readonly name: string; readonly type: Type; readonly run: (row: Row) => Row[number] } | null;
  readonly meaning: Meaning;
}

export const summarize: PlanOperator<"summarize"> = (flow, operator, planning) => {
  checkTwice([...operator.aggregates, ...operator.by]);
  const names = namesOf(operator.by);
  const by = operator.by.map(({ value }) => compileIn(flow, value, planning));
  const groups = names.map((name, i): ColumnInfo => ({ name, type: by[i]?.type ?? "dynamic" }));
  const surroundings = { columns: flow.layout, groupedBy: names, seconds: seconds(flow, operator, planning) };
  const compileArgument = (one: Expression) => compileIn(flow, one, planning);
  const open = (call: Parameters<typeof openAggregate>[0]) => openAggregate(call, compileArgument, surroundings);

  const taken = new Set(names);
  const items = operator.aggregates.map((item, i) => planItem(item, i, { groups, open, taken, range: flow.range }, planning));
  const aggregates = items.flatMap((item) => item.aggregates);
  const isOpen = flow.open && operator.aggregates.some(({ value }) => hasStar(value));
  const layout = openLayout([...groups, ...columnsOf(items)]);
  const meanings = new Map<string, Meaning>(names.map((name) => [name, { kind: "group" }]));
  for (const item of items) for (const { name } of columnsOf([item])) meanings.set(name, item.meaning);

  becomes(flow, layout, { open: isOpen, meanings, bucket: bucketOf(flow, operator.by, names, planning) });
  flow.steps.push((next, run) => {
    const budget = run.openBudget();
    const grouping = openGrouping(by, aggregates, { budget, groupsMax: run.limits.groups });
    return {
      push(rows) {
        const { live } = run.meter;
        for (const row of rows) {
          grouping.add(row);
          run.meter.live = live;
        }
      },
      finish() {
        if (grouping.isCut)
          run.cut(
            "apl_summarize_limit",
            `summarize keeps at most ${run.limits.groups} groups, and as many groups and values as there is room for: others are left out`,
          );
        pushAll(next, finished(grouping.results(), items, groups.length, layout), run);
        next.finish();
      },
      get isDone() {
        return next.isDone;
      },
    };
  });
};

function seconds(flow: Flow, { by }: Extract<Operator, { kind: "summarize" }>, planning: Planning): number {
  const constantOf = (one: Expression) => compileIn(flow, one, planning).constant?.value;
  return secondsOfGroup(
    by.map(({ value }) => value),
    flow.range.from,
    flow.range.to,
    constantOf,
  );
}

interface Beside {
  readonly groups: readonly ColumnInfo[];
  readonly open: (call: Parameters<typeof openAggregate>[0]) => Aggregate;
  /** Names of columns so far. */
  readonly taken: Set<string>;
  readonly range: Flow["range"];
}

function planItem(item: Named, position: number, { groups, open, taken, range }: Beside, planning: Planning): Item {
  const { calls, rest } = splitAggregates(item.value, `\u0000${position}.`);
  const aggregates = calls.map(({ call }) => open(call));
  const [first] = aggregates;
  const isAlone = rest.kind === "column" && first !== undefined;
  const origin = isAlone ? first.origin : { op: "computed", fields: fieldsIn(item.value), args: [] };
  const meaning: Meaning = { kind: "aggregation", origin };
  if (isAlone && first.isWide) {
    const [main] = first.columns();
    return { aggregates: [renamed(first, unlike(item.name ?? main?.name ?? "", taken), taken)], rest: null, meaning };
  }
  const columns = [...groups, ...calls.map(({ name }, i): ColumnInfo => ({ name, type: aggregates[i]?.type ?? "dynamic" }))];
  // an expression over aggregations sees their results and what is grouped by, and nothing else
  const computed = compileIn({ layout: openLayout(columns), open: false, range }, rest, planning);
  const name = unlike(item.name ?? (isAlone ? first.name : `Column${position + 1}`), taken);
  taken.add(name);
  return { aggregates, rest: { name, type: computed.type, run: computed.run }, meaning };
}

/** A wide aggregation, its first column under the name that the query gives, all under names that nothing else has. */
function renamed(aggregate: Aggregate, first: string, taken: Set<string>): Aggregate {
  taken.add(first);
  const given = new Map<string, string>();
  const nameOf = (name: string) => {
    const known = given.get(name) ?? unlike(name, taken);
    given.set(name, known);
    taken.add(known);
    return known;
  };
  const columns = () => aggregate.columns().map((column, i) => ({ ...column, name: i === 0 ? first : nameOf(column.name) }));
  columns(); // takes the names that are known before any event is, in the order of the query
  return { ...aggregate, columns };
}

function columnsOf(items: readonly Item[]): ColumnInfo[] {
  return items.flatMap(({ rest, aggregates }) => (rest === null ? aggregates.flatMap((one) => one.columns()) : [rest]));
}

/** Rows of the grouping have the groups' values and those of the aggregations; those of the result what is computed of them. */
function* finished(results: Iterable<Row>, items: readonly Item[], groups: number, layout: ReturnType<typeof openLayout>): Iterable<Row> {
  const wide = items.map(({ aggregates, rest }) => (rest === null ? aggregates.flatMap((one) => one.columns()) : []));
  const slots = wide.map((columns) => columns.map(({ name, type }) => layout.slot(name, type)));
  const restSlots = items.map(({ rest }) => (rest === null ? 0 : layout.slot(rest.name)));
  for (const result of results) {
    const row: Row = result.slice(0, groups);
    const scratch: Row = row.slice();
    let at = groups;
    items.forEach(({ rest, aggregates }, i) => {
      if (rest === null) {
        for (const slot of slots[i] ?? []) put(row, slot, result[at++]);
        return;
      }
      scratch.length = groups;
      for (let k = 0; k < aggregates.length; k++) scratch.push(result[at++]);
      put(row, restSlots[i] ?? 0, rest.run(scratch));
    });
    yield row;
  }
}

function bucketOf({ range }: Flow, by: readonly Named[], names: readonly string[], planning: Planning): Flow["bucket"] {
  for (const [i, { value }] of by.entries()) {
    const size = stepOfBin(value, range, planning);
    if (size !== null) return { field: names[i] ?? "", size };
  }
  return null;
}
