/** A pattern's text to its tree. The syntax is RE2's; what would need to go back, such as a reference to a group, is refused. */
import { QueryFault } from "../fault.ts";
import { escapeIn, setEscape } from "./escape.ts";
import { next, type Reader, taken } from "./reader.ts";
import { CODE_POINT_MAX, complement, ignoringCase, normalized, POSIX, type Ranges } from "./sets.ts";

export type Node =
  /** One character. */
  | { readonly kind: "set"; readonly ranges: Ranges }
  | { readonly kind: "at"; readonly where: "start" | "end" | "line start" | "line end" | "word edge" | "no word edge" }
  | { readonly kind: "sequence"; readonly of: readonly Node[] }
  /** The first goes before the others. */
  | { readonly kind: "choice"; readonly of: readonly Node[] }
  | { readonly kind: "repeat"; readonly of: Node; readonly least: number; readonly most: number; readonly greedy: boolean }
  | { readonly kind: "group"; readonly of: Node; readonly number: number };

/** As in RE2. */
const REPEAT_MAX = 1000;
const NESTING_MAX = 100;

interface Flags {
  readonly i: boolean;
  readonly s: boolean;
  readonly m: boolean;
  readonly U: boolean;
}

interface State extends Reader {
  flags: Flags;
  depth: number;
  readonly names: (string | null)[];
}

const DOT: Ranges = complement([10, 10]);
const ANY: Ranges = [0, CODE_POINT_MAX];

export function parsePattern(pattern: string, flags: string, at: number): { node: Node; names: readonly (string | null)[] } {
  const state: State = {
    pattern,
    position: 0,
    flags: { i: flags.includes("i"), s: flags.includes("s"), m: flags.includes("m"), U: flags.includes("U") },
    depth: 0,
    names: [],
    fault: (what) => new QueryFault(at, `in the regular expression, at character ${state.position + 1}: ${what}`),
  };
  const node = choice(state);
  if (state.position < pattern.length) throw state.fault("a ) without its (");
  return { node, names: state.names };
}

function choice(state: State): Node {
  if (++state.depth > NESTING_MAX) throw state.fault(`groups go at most ${NESTING_MAX} levels deep`);
  const outer = state.flags;
  const of = [sequence(state)];
  while (taken(state, "|")) of.push(sequence(state));
  state.flags = outer;
  state.depth--;
  return of.length === 1 ? (of[0] as Node) : { kind: "choice", of };
}

function sequence(state: State): Node {
  const of: Node[] = [];
  while (state.position < state.pattern.length && !/[|)]/.test(state.pattern.charAt(state.position))) {
    if (taken(state, "\\Q")) {
      const end = state.pattern.indexOf("\\E", state.position);
      const literal = state.pattern.slice(state.position, end < 0 ? undefined : end);
      state.position = end < 0 ? state.pattern.length : end + 2;
      const characters = [...literal].map((character) => one(state, character));
      const last = characters.pop();
      of.push(...characters);
      if (last !== undefined) of.push(repeated(state, last));
      continue;
    }
    const atom = atomHere(state);
    if (atom !== null) of.push(repeated(state, atom));
  }
  return of.length === 1 ? (of[0] as Node) : { kind: "sequence", of };
}

function one({ flags }: State, character: string): Node {
  const point = character.codePointAt(0) ?? 0;
  return { kind: "set", ranges: flags.i ? ignoringCase([point, point]) : [point, point] };
}

/** Null: flags for what follows. */
function atomHere(state: State): Node | null {
  const character = next(state);
  switch (character) {
    case ".":
      return { kind: "set", ranges: state.flags.s ? ANY : DOT };
    case "^":
      return { kind: "at", where: state.flags.m ? "line start" : "start" };
    case "$":
      return { kind: "at", where: state.flags.m ? "line end" : "end" };
    case "(":
      return groupHere(state);
    case "[":
      return { kind: "set", ranges: classHere(state) };
    case "*":
    case "+":
    case "?":
      throw state.fault(`nothing stands before ${character} to be repeated`);
    case "\\":
      return escapeHere(state);
    default:
      return one(state, character);
  }
}

function escapeHere(state: State): Node {
  if (taken(state, "A")) return { kind: "at", where: "start" };
  if (taken(state, "z")) return { kind: "at", where: "end" };
  if (taken(state, "b")) return { kind: "at", where: "word edge" };
  if (taken(state, "B")) return { kind: "at", where: "no word edge" };
  const set = setEscape(state);
  if (set !== null) return { kind: "set", ranges: state.flags.i ? ignoringCase(set) : set };
  return one(state, escapeIn(state));
}

/** Null: flags for what follows, as `(?i)`, which hold to the end of the group that they stand in. */
function groupHere(state: State): Node | null {
  const outer = state.flags;
  let number = 0;
  if (!taken(state, "?")) number = state.names.push(null);
  else {
    const name = /^P?<(?![=!])([A-Za-z_]\w*)>/.exec(state.pattern.slice(state.position));
    if (name !== null) {
      if (state.names.includes(name[1] ?? "")) throw state.fault(`there are two groups named ${name[1]}`);
      state.position += name[0].length;
      number = state.names.push(name[1] ?? null);
    } else if (flagsHere(state) === ")") return null;
  }
  const of = choice(state);
  if (!taken(state, ")")) throw state.fault("a ( without its )");
  state.flags = outer;
  return number === 0 ? of : { kind: "group", of, number };
}

/** @returns what ends the flags: `)`, or `:` before a group of their own */
function flagsHere(state: State): string {
  const written = /^([ismU]*)(-[ismU]+)?([:)])/.exec(state.pattern.slice(state.position));
  if (written === null) {
    const look = /^<?[=!]/.test(state.pattern.slice(state.position));
    throw state.fault(look ? "looking ahead or behind is not part of this syntax" : "(? begins no group that this syntax knows");
  }
  const [whole, on = "", off = "", end = ""] = written;
  state.position += whole.length;
  const flag = (name: keyof Flags) => (state.flags[name] || on.includes(name)) && !off.includes(name);
  state.flags = { i: flag("i"), s: flag("s"), m: flag("m"), U: flag("U") };
  return end;
}

function repeated(state: State, of: Node): Node {
  const times = timesHere(state);
  if (times === null) return of;
  const lazy = taken(state, "?");
  const again = timesHere(state);
  if (again !== null) throw state.fault("a repetition is repeated; put it into (?:…)");
  return { kind: "repeat", of, ...times, greedy: lazy === state.flags.U };
}

function timesHere(state: State): { least: number; most: number } | null {
  if (taken(state, "*")) return { least: 0, most: Number.POSITIVE_INFINITY };
  if (taken(state, "+")) return { least: 1, most: Number.POSITIVE_INFINITY };
  if (taken(state, "?")) return { least: 0, most: 1 };
  // braces that hold no numbers stand for themselves
  const braces = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(state.pattern.slice(state.position, state.position + 32));
  if (braces === null) return null;
  const least = Number(braces[1]);
  const most = braces[2] === undefined ? least : braces[3] === "" ? Number.POSITIVE_INFINITY : Number(braces[3]);
  if (least > most) throw state.fault("a repetition's least is above its most");
  if (least > REPEAT_MAX || (Number.isFinite(most) && most > REPEAT_MAX))
    throw state.fault(`nothing is repeated more than ${REPEAT_MAX} times`);
  state.position += braces[0].length;
  return { least, most };
}

function classHere(state: State): Ranges {
  const negated = taken(state, "^");
  const ranges: number[] = [];
  for (let first = true; first || !taken(state, "]"); first = false) {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(state.pattern.slice(state.position, state.position + 16));
    if (posix !== null) {
      const set = POSIX[posix[2] ?? ""];
      if (set === undefined) throw state.fault(`there is no class [:${posix[2]}:]`);
      ranges.push(...(posix[1] === "^" ? complement(set) : set));
      state.position += posix[0].length;
      continue;
    }
    const from = memberHere(state);
    if (typeof from !== "string") {
      ranges.push(...from);
      continue;
    }
    let to = from;
    if (state.pattern.charAt(state.position) === "-" && state.pattern.charAt(state.position + 1) !== "]") {
      state.position++;
      const end = memberHere(state);
      if (typeof end !== "string") throw state.fault("a range ends with one character");
      to = end;
    }
    const bounds = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0] as const;
    if (bounds[0] > bounds[1]) throw state.fault(`the range ${from}-${to} goes backwards`);
    ranges.push(...bounds);
  }
  const set = state.flags.i ? ignoringCase(normalized(ranges)) : normalized(ranges);
  return negated ? complement(set) : set;
}

function memberHere(state: State): string | Ranges {
  const character = next(state);
  if (character !== "\\") return character;
  return setEscape(state) ?? escapeIn(state);
}
