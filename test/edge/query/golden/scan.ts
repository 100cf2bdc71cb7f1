/**
 * The events of the objects, by the reader that queries have, which gets them from a folder here and not from a bucket. What it is asked
 * for it gives, and nothing more: a hint that is too strong loses rows here, also where the reader would not have made use of it.
 */
import { readFileSync } from "node:fs";
import type { NeededText, Scan, Wanted } from "../../../../src/edge/query/apl/source.ts";
import type { Row } from "../../../../src/edge/query/apl/value.ts";
import { openEvents } from "../../../../src/edge/query/source/events.ts";
import { openFields } from "../../../../src/edge/query/source/fields.ts";
import { type Window, windowsOf } from "../../../../src/edge/query/source/lines.ts";
import { openPrefilter } from "../../../../src/edge/query/source/prefilter.ts";
import type { Objects } from "./bucket.ts";

export async function scanOf(objects: Objects): Promise<Scan> {
  const windows = new Map<string, Window[]>();
  for (const [dataset, files] of objects) {
    // the newest first, as from a bucket
    const all: Window[] = [];
    for (const file of files.toReversed())
      for await (const portion of windowsOf(pieceOf(file), Number.POSITIVE_INFINITY)) all.push(...portion);
    windows.set(dataset, all);
  }
  return async function* scan(dataset, wanted, columns) {
    const known = windows.get(dataset);
    if (known === undefined) throw new Error(`the corpus has no dataset ${dataset}`);
    const fields = openFields({ names: wanted.names, mapFields: new Map(), columns, crowded });
    const { from, to } = wanted;
    const events = openEvents({ fields, wide: wanted.names === null, from, to, blank: () => columns.list.map(() => undefined) });
    const prefilter = openPrefilter(wanted.texts);
    for (const window of known) {
      events.open(window);
      const rows: Row[] = [];
      let next = -1;
      for (const [start, end] of linesIn(window.text)) {
        if (prefilter && next < start) next = prefilter.next(window.text, start);
        const passes = !prefilter || (next < end && prefilter.passes(window.text, start, end));
        const row = passes && matters(window, start, end, wanted.texts) ? events.read(start, true) : null;
        if (row) rows.push(row);
      }
      yield rows;
    }
  };
}

async function* pieceOf(file: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield readFileSync(file);
}

function crowded(): never {
  throw new Error("the corpus has too many fields");
}

function* linesIn(text: string): Generator<readonly [start: number, end: number]> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    yield [start, end];
    start = end + 1;
  }
}

function matters({ bytes }: Window, start: number, end: number, texts: Wanted["texts"]): boolean {
  if (texts.length === 0) return true;
  const line = Buffer.from(bytes.subarray(start, end)).toString("utf8");
  // behind a backslash a text may be spelt otherwise
  return line.includes("\\") || texts.every((group) => group.some((one) => holds(line, one)));
}

function holds(line: string, { text, ignoreCase }: NeededText): boolean {
  return ignoreCase ? line.toLowerCase().includes(text.toLowerCase()) : line.includes(text);
}
