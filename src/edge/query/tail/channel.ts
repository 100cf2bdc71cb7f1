/** One query over events as they come. Whoever asks the same in the same form shares it. */
import { openBudget } from "../apl/aggregates/budget.ts";
import { openMaking } from "../apl/execute/made.ts";
import { QueryFault } from "../apl/fault.ts";
import { LIMITS } from "../apl/limits.ts";
import type { Meter } from "../apl/meter.ts";
import type { Flow, Run, Stage } from "../apl/plan/flow.ts";
import { planQuery } from "../apl/plan.ts";
import type { Expression, Query } from "../apl/syntax.ts";
import type { Row } from "../apl/value.ts";
import { wireValue } from "../reply/value.ts";
import { type EventsReader, openEvents } from "../source/events.ts";
import { type MapFields, openFields, ROW_ID } from "../source/fields.ts";
import { openPrefilter } from "../source/prefilter.ts";
import type { Lines } from "./lines.ts";

/** Columns that a channel learns before it begins anew: each costs its place in every row. */
const COLUMNS_MAX = 1_000;
/** After so long a channel begins anew: `now()` in its query follows the time, and what the dataset's owner says of its fields counts. */
const AGE_MAX_MS = 60_000;
/** Row numbers in hexadecimal, as they stand in a row's id. */
const ROW_DIGITS = 8;

export interface Channel {
  /** Events that pass, in their order, by their ids and as JSON objects. @returns how many lines are no events. */
  read(lines: Lines, each: (id: string, json: string) => void): number;
  /** It is to be opened anew. */
  isOld(now: number): boolean;
}

const EVER = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** What the owner has said of the dataset's fields. */
export interface Said {
  mapFields: MapFields;
  virtualFields: ReadonlyMap<string, Expression>;
}

/** @param now epoch milliseconds. @throws QueryFault */
export function openChannel(query: Query, { mapFields, virtualFields }: Said, now: number): Channel {
  const { flow, sources, meter } = planQuery(query, {
    now: now * 1_000,
    range: EVER,
    isRangeGiven: true,
    virtualFields: () => virtualFields,
  });
  const [source] = sources;
  if (!source) throw new Error("a query without a source");
  const { layout } = source;
  const { names, from, to, texts } = source.wanted();
  const rowIdSlot = layout.find(ROW_ID) ?? null;
  const fields = openFields({ names: names?.filter((name) => name !== ROW_ID) ?? null, mapFields, columns: layout, crowded: () => {} });
  let places: Row = [];
  const blank = () => {
    if (places.length !== layout.list.length) places = layout.list.map(() => undefined);
    return places.slice();
  };
  const events = openEvents({ fields, wide: names === null, from, to, blank });
  const prefilter = openPrefilter(texts);
  const check = Number.isFinite(from) || Number.isFinite(to);
  let passed: Row | null = null;
  const stage = stageOf(flow, meter, (row) => {
    passed = row;
  });
  const json = writerOf(flow);

  function show(row: Row): string | null {
    passed = null;
    // each event has the work of a whole query
    meter.start(LIMITS.workUnits);
    try {
      stage.push([row]);
    } catch (error) {
      // an event of which functions make too much is not shown
      if (!(error instanceof QueryFault)) throw error;
    }
    return passed && json(passed);
  }

  return {
    read({ window, starts, segment, first }, each) {
      const { text } = window;
      let broken = 0;
      let next = -1;
      events.open(window);
      for (const [n, start] of starts.entries()) {
        const end = starts[n + 1] ?? text.length;
        if (prefilter) {
          if (next < start) next = prefilter.next(text, start);
          if (next >= end || !prefilter.passes(text, start, end)) continue;
        }
        const row = eventAt(events, start, check);
        if (row === undefined) broken++;
        if (!row) continue;
        const id = `${segment}-${(first + n).toString(16).padStart(ROW_DIGITS, "0")}`;
        if (rowIdSlot !== null) row[rowIdSlot] = id;
        const shown = show(row);
        if (shown !== null) each(id, shown);
      }
      return broken;
    },
    isOld: (at) => at - now > AGE_MAX_MS || layout.list.length > COLUMNS_MAX,
  };
}

/** Undefined: the line is no event. */
function eventAt(events: EventsReader, start: number, check: boolean): Row | null | undefined {
  try {
    return events.read(start, check);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function stageOf(flow: Flow, meter: Meter, take: (row: Row) => void): Stage {
  // no operator that a tail takes holds rows, or makes more than there were
  const run: Run = {
    ...{ limits: LIMITS, meter, rowsMatched: 0, held: new Map(), beside: null, cut: () => {} },
    ...{ openBudget: () => openBudget(0), makeRow: openMaking(0, meter) },
  };
  const last: Stage = { push: (rows) => rows.forEach(take), finish: () => {}, isDone: false };
  return flow.steps.reduceRight((next, step) => step(next, run), last);
}

/** Of an open table what the event has; of a closed one each column, null where it has nothing. */
function writerOf({ layout, open }: Flow): (row: Row) => string {
  const names: string[] = [];
  return (row) => {
    const members: string[] = [];
    for (const [slot, { name, type }] of layout.list.entries()) {
      const value = row[slot];
      if (value === undefined && open) continue;
      names[slot] ??= JSON.stringify(name);
      members.push(`${names[slot]}:${JSON.stringify(wireValue(value, type))}`);
    }
    return `{${members.join(",")}}`;
  };
}
