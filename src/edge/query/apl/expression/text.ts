/** `contains`, `has`, `startswith`, `matches regex` and their like. A null holds no text; what is no text is looked at as it is printed. */
import { QueryFault } from "../fault.ts";
import type { Meter } from "../meter.ts";
import { compileRegex } from "../regex.ts";
import type { TextOp } from "../syntax.ts";
import type { Compiled, Row } from "../value.ts";
import { type Read, readPrinted, readString } from "./coerce.ts";
import { made } from "./fold.ts";
import { type TextTest, textTest } from "./text-search.ts";

export function text(at: number, op: TextOp, negated: boolean, left: Compiled, right: Compiled, meter: Meter): Compiled {
  const read = searched(at, op, left);
  meter.cost += op === "matches" ? REGEX_UNITS : TEXT_UNITS;
  if (right.type !== "string" && right.type !== "dynamic") throw new QueryFault(at, `${op} looks for a text, not for ${right.type}`);
  const wanted = right.constant?.value;
  // of a long text that is looked for, much may have to be compared at each character
  const each = op === "matches" ? REGEX_UNITS_EACH : typeof wanted === "string" ? (8 + wanted.length) / 64 : 8;
  const test = op === "matches" ? regexTest(at, right) : wantedTest(op, right);
  const holds = (row: Row) => {
    const value = read(row);
    if (value === null) return false;
    if (value.length > LONG_TEXT) meter.spend(value.length * each, at);
    return test(value, row);
  };
  return made("bool", [left, right], negated ? (row) => !holds(row) : holds);
}

/** Units of work for a text, and for each character of one that is long. */
const TEXT_UNITS = 4;
const REGEX_UNITS = 8;
const REGEX_UNITS_EACH = 1;
const LONG_TEXT = 128;

/** What texts are looked for in. */
export function searched(at: number, op: string, left: Compiled): Read<string> {
  if (left.type === "string") return readString(left);
  if (left.type !== "dynamic") throw new QueryFault(at, `${op} looks into texts, not into ${left.type}; use tostring()`);
  return readPrinted(left);
}

type RowTest = (text: string, row: Row) => boolean;

function regexTest(at: number, right: Compiled): RowTest {
  const pattern = right.constant?.value;
  if (typeof pattern !== "string") throw new QueryFault(at, "the pattern of matches regex must be a constant text");
  const regex = compileRegex(pattern, "", at);
  return (value) => regex.test(value);
}

/** What is looked for may differ from row to row; mostly it does not. */
function wantedTest(op: Exclude<TextOp, "matches">, right: Compiled): RowTest {
  const read = readString(right);
  if (right.constant !== undefined) {
    const wanted = read([]);
    return wanted === null ? () => false : textTest(op, wanted);
  }
  let last: string | null = null;
  let test: TextTest = () => false;
  return (value, row) => {
    const wanted = read(row);
    if (wanted === null) return false;
    if (wanted !== last) {
      last = wanted;
      test = textTest(op, wanted);
    }
    return test(value);
  };
}
