/**
 * What one query makes and does, counted while it goes on, since no clock advances while a Worker computes. Sizes are estimates from above;
 * a unit of work is about what an addition costs, 20 ns or less, and what costs more counts for more.
 */
import { QueryFault } from "./fault.ts";
import type { Row, Value } from "./value.ts";

/** Of values that functions make, at which a portion of rows is given on before more are made. */
export const PORTION_MADE_BYTES_MAX = 8 * 1024 * 1024;
/** Of values that functions make of one row, from one end of the query to the other. */
export const ROW_MADE_BYTES_MAX = 16 * 1024 * 1024;
/** Of all constants that functions make while a query is planned. */
export const CONSTANT_BYTES_MAX = 16 * 1024 * 1024;
/** Of planning: about half a second. */
export const PLANNING_WORK_UNITS_MAX = 25_000_000;
/** Of a whole query: about 20 s. */
export const WORK_UNITS_MAX = 1_000_000_000;
/** Beside them, for the operators behind one that has stopped, so that what there is comes to the end. */
const FINISHING_UNITS = WORK_UNITS_MAX / 10;

const LIVE_BYTES_MAX = PORTION_MADE_BYTES_MAX + ROW_MADE_BYTES_MAX;

/** Ends a portion of rows whose query has done all it may. It never leaves the plan's stages. */
export class OutOfWork extends Error {}

export interface Meter {
  /** Of values that have been made for rows that are still under way. Whoever has given rows on sets it back. */
  live: number;
  /** Cost of one row in what has been compiled so far, and how many functions in it make values. */
  cost: number;
  makers: number;
  /** Stages of the plan. */
  stages: number;
  /** The query has done all that it may. */
  readonly isOver: boolean;
  readonly isFinishing: boolean;
  readonly work: number;
  readonly constantBytes: number;
  /** The most that has ever been live. */
  readonly peakBytes: number;
  /** @throws OutOfWork; while the query is planned QueryFault */
  spend(units: number, at?: number): void;
  /** A function has made a value of so many bytes, by so much work. @throws QueryFault where one row has made too many; OutOfWork */
  made(bytes: number, units: number, at: number): void;
  /** A constant that stays as long as the query. @throws QueryFault */
  keep(bytes: number, at: number): void;
  /** From here on rows are read. */
  start(unitsMax: number): void;
  /** No more rows are read; a stage that finishes has a part of what is set aside for that. */
  finish(): void;
}

export function openMeter(): Meter {
  let most = PLANNING_WORK_UNITS_MAX;
  let [isPlanning, isOver, isFinishing] = [true, false, false];
  let [work, constantBytes, peakBytes] = [0, 0, 0];
  const meter: Meter = {
    ...{ live: 0, cost: 0, makers: 0, stages: 0 },
    get isOver() {
      return isOver;
    },
    get isFinishing() {
      return isFinishing;
    },
    get work() {
      return work;
    },
    get constantBytes() {
      return constantBytes;
    },
    get peakBytes() {
      return peakBytes;
    },
    spend(units, at = 0) {
      work += units;
      if (work <= most) return;
      if (isPlanning)
        throw new QueryFault(at, "the constants of the query take too much work to compute: use fewer or smaller arrays and texts in them");
      isOver = true;
      throw new OutOfWork();
    },
    made(bytes, units, at) {
      meter.live += bytes;
      if (meter.live > peakBytes) peakBytes = meter.live;
      if (meter.live > LIVE_BYTES_MAX)
        throw new QueryFault(
          at,
          `functions make at most ${ROW_MADE_BYTES_MAX} bytes of texts and arrays of one row, and this makes more: make fewer or smaller ones`,
        );
      if (units > SMALL_UNITS) meter.spend(units, at);
    },
    keep(bytes, at) {
      constantBytes += bytes;
      if (constantBytes > CONSTANT_BYTES_MAX)
        throw new QueryFault(
          at,
          `functions make at most ${CONSTANT_BYTES_MAX} bytes of constants in a query, and this makes more: make fewer or smaller ones`,
        );
    },
    start(unitsMax) {
      [isPlanning, isOver, isFinishing, work, meter.live] = [false, false, false, 0, 0];
      most = unitsMax;
    },
    finish() {
      isFinishing = true;
      if (isOver) most = work + FINISHING_UNITS / Math.max(meter.stages, 1);
    },
  };
  return meter;
}

/** What the cost of any call covers. */
const SMALL_UNITS = 12;
const SMALL_LENGTH = 128;

/** How much there is to read in a value; 0: so little that the cost of a call covers it. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return value.length > SMALL_LENGTH ? value.length : 0;
  if (typeof value !== "object" || value === null) return 0;
  const length = deepLength(value);
  return length > 8 ? length : 0;
}

function deepLength(value: Value): number {
  if (typeof value === "string") return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  let length = 1;
  if (Array.isArray(value)) for (const one of value as readonly Value[]) length += deepLength(one);
  else for (const name in value) length += name.length + deepLength((value as { readonly [member: string]: Value })[name]);
  return length;
}

/** Gives rows on, cut short where much has been made for them. */
export function openPortion(push: (rows: readonly Row[]) => void, meter: Meter, rowsMax: number) {
  const live = meter.live;
  let portion: Row[] = [];
  function flush(): void {
    const rows = portion;
    portion = [];
    if (rows.length > 0) push(rows);
  }
  return {
    add(row: Row): void {
      if (portion.push(row) >= rowsMax) flush();
    },
    /** Nothing is in use any more that has been made before, but by the rows that were added. */
    settle(): void {
      if (portion.length > 0 && meter.live > PORTION_MADE_BYTES_MAX) flush();
      if (portion.length === 0) meter.live = live;
    },
    flush,
  };
}
