/** Carries a plan out: rows are pushed from the scans through the operators as they come. */
import type { Origin } from "./aggregates/aggregate.ts";
import { openBudget } from "./aggregates/budget.ts";
import { openMaking } from "./execute/made.ts";
import { type Output, openOutput } from "./execute/output.ts";
import { shown } from "./execute/shown.ts";
import { LIMITS, type Limits } from "./limits.ts";
import type { Flow, Ordering, Run, Stage } from "./plan/flow.ts";
import type { Plan } from "./plan.ts";
import type { Scan, Table } from "./source.ts";

export interface Cut {
  /** Begins with `apl_`, as replies have it. */
  readonly code: string;
  /** Which operator, its limit, and what to do. */
  readonly text: string;
}

export interface Answer extends Table {
  /** What columns are by name: a group of a `summarize`, or an aggregation and of what; others mean nothing beside their values. */
  readonly meanings: ReadonlyMap<string, { readonly kind: "group" } | { readonly kind: "aggregation"; readonly origin: Origin }>;
  /** What rows are sorted by; null: in no order. */
  readonly order: readonly Ordering[] | null;
  /** The bin of time among the groups, its step in microseconds. */
  readonly bucket: { readonly field: string; readonly size: number } | null;
}

export interface Executed extends Answer {
  /** The second one, where the plan makes it. */
  readonly beside: Answer | null;
  /** Rows that passed the filters right behind their sources. */
  readonly rowsMatched: number;
  /** Something was left out: `cuts` says what. */
  readonly isPartial: boolean;
  readonly cuts: readonly Cut[];
}

/** A plan is carried out once. What a scan throws ends it. */
export async function execute({ flow, beside, holders, meter }: Plan, scan: Scan, limits: Limits = LIMITS): Promise<Executed> {
  const cuts = new Map<string, Cut>();
  const run: Run = {
    ...{ limits, meter, rowsMatched: 0, held: new Map(), beside: null },
    makeRow: openMaking(limits.madeRows, meter),
    openBudget: () => openBudget(limits.heldBytes / Math.max(holders, 1)),
    cut: (code, text) => void cuts.set(code, { code, text }),
  };
  meter.start(limits.workUnits);
  const second = beside && { flow: beside, output: openOutput(beside, run) };
  run.beside = second && stageOf(second.flow, second.output, run);
  const output = openOutput(flow, run);
  await carry(flow, output, scan, run);
  if (meter.isOver)
    run.cut(
      "apl_work_limit",
      `the query stopped after ${limits.workUnits} units of work, which is about what can be done in 20 s: compute less of each row, or filter first`,
    );
  return {
    ...answerOf(flow, output),
    beside: second && answerOf(second.flow, second.output),
    ...{ rowsMatched: run.rowsMatched, isPartial: cuts.size > 0, cuts: [...cuts.values()] },
  };
}

function answerOf(flow: Flow, output: Output): Answer {
  const table = shown(flow, output.rows());
  const isByTime = flow.order === null && flow.isOfEvents && table.columns.find("_time") !== undefined;
  return {
    ...table,
    meanings: new Map([...flow.meanings].filter(([name]) => table.columns.find(name) !== undefined)),
    bucket: flow.bucket,
    order: isByTime ? [{ field: "_time", desc: true }] : flow.order,
  };
}

function stageOf(flow: Flow, into: Stage, run: Run): Stage {
  return flow.steps.reduceRight((next, step) => step(next, run), into);
}

async function carry(flow: Flow, into: Stage, scan: Scan, run: Run): Promise<void> {
  for (const side of flow.rights) {
    const held = side.open(run);
    await carry(side.flow, held, scan, run);
    run.held.set(side, held.rows);
  }
  const stage = stageOf(flow, into, run);
  const { feed } = flow;
  const isDone = () => stage.isDone || run.meter.isOver;
  if (feed.kind === "rows") {
    if (!run.meter.isOver) stage.push(feed.rows);
  } else if (feed.kind === "union") {
    for (const part of feed.parts) {
      if (isDone()) break;
      await carry(part.flow, part.into(oneOfSeveral(stage), run), scan, run);
    }
  } else if (!isDone()) {
    const { dataset, layout, wanted } = feed.source;
    const range = wanted();
    if (range.from < range.to)
      for await (const rows of scan(dataset, range, layout)) {
        stage.push(rows);
        if (isDone()) break;
      }
  }
  stage.finish();
}

/** Others follow: the end of one is not the end. */
function oneOfSeveral(stage: Stage): Stage {
  return {
    push: (rows) => stage.push(rows),
    finish: () => undefined,
    get isDone() {
      return stage.isDone;
    },
  };
}
