/** The rows of an answer, of which no more are held than it may have. */

import { openBudget } from "../aggregates/budget.ts";
import { openBest, rowBytes } from "../operators/best.ts";
import { comparison } from "../operators/order.ts";
import type { Flow, Run, Stage } from "../plan/flow.ts";
import type { Row } from "../value.ts";

/** Rows that a query gets however many it wants. */
export const OUTPUT_ROWS_MAX = 50_000;
/** Rows that are events, where the query says no number: as Axiom has it. */
export const OUTPUT_ROWS_DEFAULT = 1_000;
/** Beside what operators hold. */
export const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export type Output = Stage & { rows(): Row[] };

/** Rows in no order are shown newest first, where they are events. */
export function openOutput(flow: Flow, run: Run): Output {
  const time = flow.layout.find("_time");
  const isByTime = flow.isOfEvents && flow.order === null && time !== undefined && flow.layout.list[time]?.type === "datetime";
  const { outputRows, defaultRows } = run.limits;
  const most = flow.isOfEvents && !flow.isLimited ? Math.min(defaultRows, outputRows) : outputRows;
  const output = isByTime ? newest(time, most, run) : first(most, run);
  return {
    ...output,
    get isDone() {
      return output.isDone;
    },
    finish() {
      output.finish();
      if (!output.isCut()) return;
      if (output.isLarge())
        run.cut("apl_output_bytes_limit", `an answer has at most ${run.limits.outputBytes} bytes; project fewer fields or take fewer rows`);
      else if (most < outputRows)
        run.cut("apl_default_limit", `only ${most} rows are given where the query says no number; say it by take, up to ${outputRows}`);
      else run.cut("apl_output_limit", `an answer has at most ${most} rows; summarize, or take fewer`);
    },
  };
}

interface Gathering extends Stage {
  rows(): Row[];
  /** There were more rows. */
  isCut(): boolean;
  /** For their size, not for their number. */
  isLarge(): boolean;
}

function newest(time: number, most: number, run: Run): Gathering {
  const budget = openBudget(run.limits.outputBytes);
  const by = [{ type: "datetime" as const, run: (row: Row) => row[time] }];
  const best = openBest(by, comparison([{ descending: true, nulls: "last" }]), most, budget);
  return {
    push(rows) {
      for (const row of rows) best.add(row);
    },
    finish: () => undefined,
    isDone: most === 0,
    rows: () => [...best.take()],
    isCut: () => best.isCut || best.count > most,
    isLarge: () => best.isCut,
  };
}

function first(most: number, run: Run): Gathering {
  const budget = openBudget(run.limits.outputBytes);
  const held: Row[] = [];
  let isCut = false;
  return {
    push(rows) {
      for (const row of rows) {
        if (isCut) return;
        isCut = held.length >= most || !budget.take(rowBytes(row));
        if (!isCut) held.push(row);
      }
    },
    finish: () => undefined,
    get isDone() {
      return isCut;
    },
    rows: () => held,
    isCut: () => isCut,
    isLarge: () => budget.isCut,
  };
}
