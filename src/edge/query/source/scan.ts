/** The events of datasets for a query: what is not in the bucket yet, then what is, each append once. */
import { Problem } from "../../../problem.ts";
import type { Destination } from "../../buffer/segment.ts";
import type { Columns } from "../apl/columns.ts";
import type { Scan, Wanted } from "../apl/source.ts";
import type { Row } from "../apl/value.ts";
import { type Account, type Examined, type Limits, openAccount } from "./account.ts";
import { type EventsReader, openEvents } from "./events.ts";
import { COLUMNS_MAX, type MapFields, openFields, ROW_ID } from "./fields.ts";
import { type Window, windowsOf } from "./lines.ts";
import { openPrefilter, type Prefilter } from "./prefilter.ts";
import { type Block, isWithin, type Piece, piecesOf, type Stores } from "./segments.ts";

export interface Reach extends Stores {
  /** Datasets by name that the caller may read: permission is checked before. No other is ever read. */
  destinations: ReadonlyMap<string, Destination>;
  /** Full names of map fields, by dataset name. */
  mapFields: ReadonlyMap<string, MapFields>;
  /** Whether `_rowID` is among all the fields, where all are wanted. */
  rowIds: boolean;
  limits?: Limits;
}

/** Row numbers in hexadecimal, as they stand in a row's id. */
const ROW_DIGITS = 8;

/** One for each query: its scans share one account. */
export function openScan(reach: Reach): { scan: Scan; examined(): Examined } {
  const account = openAccount(reach.clock, reach.limits);
  const scan: Scan = (dataset, wanted, columns) => {
    const destination = reach.destinations.get(dataset);
    if (!destination) throw new Problem("forbidden", `dataset ${JSON.stringify(dataset)} is not open to this query`);
    return rowsOf(destination, reach.mapFields.get(dataset) ?? NO_MAP_FIELDS, wanted, columns, reach, account);
  };
  return { scan, examined: account.examined };
}

const NO_MAP_FIELDS: MapFields = new Map();

/**
 * A row's id is its segment's id and its number in it. Segments sort by time, and rows in them stand in the order of their arrival, so ids
 * do; and a segment holds the same bytes in the log and in the bucket, so an id stays.
 */
async function* rowsOf(
  destination: Destination,
  mapFields: MapFields,
  wanted: Wanted,
  columns: Columns,
  { rowIds, ...stores }: Reach,
  account: Account,
): AsyncGenerator<readonly Row[], void, undefined> {
  const { names, from, to } = wanted;
  const wide = names === null;
  const rowId = wide ? rowIds : names.includes(ROW_ID);
  const rowIdSlot = rowId ? columns.slot(ROW_ID, "string") : null;
  const crowded = () => account.cut(`events have more than ${COLUMNS_MAX} fields; name those that are wanted`);
  const fields = openFields({ names: names?.filter((name) => name !== ROW_ID) ?? null, mapFields, columns, crowded });
  let places: Row = [];
  const blank = () => {
    if (places.length !== columns.list.length) places = columns.list.map(() => undefined);
    return places.slice();
  };
  const events = openEvents({ fields, wide, from, to, blank });
  const prefilter = openPrefilter(wanted.texts);

  for await (const { block, pieces } of blocksOf(piecesOf(destination, { from, to }, stores, account))) {
    const check = !isWithin(block, { from, to });
    const rows: Row[] = [];
    const each = (row: Row, at: number) => {
      if (rowIdSlot !== null) row[rowIdSlot] = `${block.id}-${at.toString(16).padStart(ROW_DIGITS, "0")}`;
      rows.push(row);
    };
    let lines = 0;
    const windows = windowsOf(pieces, block.rawBytes);
    account.block(block.minTime, block.maxTime);
    try {
      for (let next = await unbroken(windows); next; next = await unbroken(windows)) {
        if (next === "broken") {
          account.cut(`segment ${block.id} cannot be read to its end`);
          break;
        }
        for (const window of next) {
          const found = readWindow(window, { events, prefilter, check, first: lines, each });
          if (found.broken > 0) account.cut(`segment ${block.id} has lines that are no events`);
          lines += found.lines;
          account.rows(found.lines);
        }
        if (rows.length > 0) yield rows.splice(0);
        if (!account.hasTime()) return;
      }
    } finally {
      await windows.return();
    }
  }
}

/** Null: the end. A block that is damaged, or taken away while it is read, is not to keep all others from being read. */
async function unbroken(windows: AsyncGenerator<Window[], void, undefined>): Promise<Window[] | "broken" | null> {
  try {
    const next = await windows.next();
    return next.done ? null : next.value;
  } catch (error) {
    if (error instanceof Problem) throw error;
    console.error("segment unreadable", String(error));
    return "broken";
  }
}

interface Reading {
  events: EventsReader;
  prefilter: Prefilter | null;
  /** Whether times must be looked at. */
  check: boolean;
  /** Number of the first line. */
  first: number;
  each(row: Row, number: number): void;
}

function readWindow(window: Window, { events, prefilter, check, first, each }: Reading): { lines: number; broken: number } {
  const { text } = window;
  let lines = 0;
  let broken = 0;
  events.open(window);
  for (let start = 0, next = -1; start < text.length; lines++) {
    if (prefilter && next < start) next = prefilter.next(text, start);
    const end = text.indexOf("\n", start);
    if (!prefilter || (next < end && prefilter.passes(text, start, end))) {
      try {
        const row = events.read(start, check);
        if (row) each(row, first + lines);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        broken++;
      }
    }
    start = end + 1;
  }
  return { lines, broken };
}

/** Pieces by their blocks. */
async function* blocksOf(
  all: AsyncGenerator<Piece, void, undefined>,
): AsyncGenerator<{ block: Block; pieces: AsyncGenerator<Uint8Array, void, undefined> }, void, undefined> {
  try {
    for (;;) {
      const first = await all.next();
      if (first.done) return;
      let piece: Piece | null = first.value;
      const follow = async () => {
        const next = piece?.last ? null : await all.next();
        piece = next?.value ?? null;
      };
      async function* pieces() {
        for (; piece?.bytes; await follow()) yield piece.bytes;
      }
      // gone with its dataset, or by its age
      if (piece.bytes) yield { block: piece.block, pieces: pieces() };
      while (piece) await follow();
    }
  } finally {
    await all.return();
  }
}
