/**
 * What can be said of a predicate before an event is parsed: texts that a line must hold, and times that `_time` must lie between.
 * Both may be too weak and are never too strong: an event for which the predicate is true is never left out.
 */
import { compile } from "./compile.ts";
import { readDatetime } from "./expression/coerce.ts";
import { chainOf } from "./expression/names.ts";
import { usableText } from "./expression/needed-text.ts";
import { QueryFault } from "./fault.ts";
import type { Scope } from "./scope.ts";
import type { NeededText } from "./source.ts";
import type { Expression } from "./syntax.ts";
import type { Compiled } from "./value.ts";

/** Texts in one group: where there are more, most lines have one of them. */
const TEXTS_MAX = 64;
const GROUPS_MAX = 8;

/**
 * Groups of texts: of each group, at least one is in every line that matters, as it is or, with `ignoreCase`, with ASCII letters in
 * either case. For lines without a backslash only: in others a text may be spelt with escapes.
 * @param scope of the table of events that the predicate is about
 */
export function neededTexts(predicate: Expression, scope: Scope): readonly (readonly NeededText[])[] {
  return groupsOf(predicate, scope).slice(0, GROUPS_MAX);
}

type Groups = readonly (readonly NeededText[])[];
const NONE: Groups = [];

function groupsOf(expression: Expression, scope: Scope): Groups {
  switch (expression.kind) {
    case "logic": {
      const [left, right] = [groupsOf(expression.left, scope), groupsOf(expression.right, scope)];
      return expression.op === "and" ? [...left, ...right] : either(left, right);
    }
    case "compare": {
      if (expression.op !== "==" && expression.op !== "=~") return NONE;
      const ignoreCase = expression.op === "=~";
      const [field, other] = isField(expression.left, scope) ? [expression.left, expression.right] : [expression.right, expression.left];
      return isField(field, scope) ? groupOf([textOf(other, scope)], "whole", ignoreCase) : NONE;
    }
    case "text": {
      if (expression.negated || expression.op === "matches" || !isField(expression.left, scope)) return NONE;
      return groupOf([textOf(expression.right, scope)], "part", !expression.op.endsWith("_cs"));
    }
    case "among": {
      if (expression.negated || !isField(expression.left, scope)) return NONE;
      const texts = itemsOf(expression.items, scope);
      if (texts === null) return NONE;
      if (expression.op === "has_all") return texts.flatMap((text) => groupOf([text], "part", true));
      const whole = expression.op === "in" || expression.op === "in~";
      return groupOf(texts, whole && expression.op === "in" ? "whole" : "part", expression.op !== "in");
    }
    default:
      return NONE;
  }
}

/** Of two sides one holds: a group from each, together, is needed. The one whose shortest text is longest says most. */
function either(left: Groups, right: Groups): Groups {
  const best = (groups: Groups) => groups.toSorted((a, b) => shortest(b) - shortest(a))[0];
  const [a, b] = [best(left), best(right)];
  return a === undefined || b === undefined || a.length + b.length > TEXTS_MAX ? NONE : [[...a, ...b]];
}

function shortest(group: readonly NeededText[]): number {
  return Math.min(...group.map(({ text }) => text.length));
}

function groupOf(texts: readonly (string | null)[], how: "whole" | "part", ignoreCase: boolean): Groups {
  if (texts.length === 0 || texts.length > TEXTS_MAX) return NONE;
  const usable = texts.map((text) => (text === null ? null : usableText(text, how, ignoreCase)));
  return usable.includes(null) ? NONE : [usable.filter((text) => text !== null).map((text) => ({ text, ignoreCase }))];
}

/**
 * Whether it is a field of an event as it stands in the event's line: no virtual field, nothing that `let` may have named, and not one
 * of those that begin with an underscore, which may have been made by whoever reads.
 */
function isField(expression: Expression, scope: Scope): boolean {
  if (expression.kind === "index") return isField(expression.of, scope);
  const chain = chainOf(expression);
  if (chain === null || !scope.open) return false;
  const { names } = chain;
  return names.every((_, i) => {
    const name = names.slice(0, i + 1).join(".");
    const slot = scope.columns.find(name);
    const type = slot === undefined ? "dynamic" : scope.columns.list[slot]?.type;
    return !name.startsWith("_") && !scope.virtual.has(name) && !scope.lets.has(name) && type === "dynamic";
  });
}

/** Null: not the same text for all rows. */
function textOf(expression: Expression, scope: Scope): string | null {
  const value = constantOf(expression, scope)?.constant?.value;
  return typeof value === "string" ? value : null;
}

/** Undefined: it reads a row, or cannot be compiled, which is said where it is. */
function constantOf(expression: Expression, scope: Scope): Compiled | undefined {
  if (!mayBeConstant(expression, scope)) return undefined;
  try {
    const compiled = compile(expression, scope);
    return compiled.constant === undefined ? undefined : compiled;
  } catch (fault) {
    if (fault instanceof QueryFault) return undefined;
    throw fault;
  }
}

/** Compiling the name of a column would make a slot for it. */
function mayBeConstant(expression: Expression, scope: Scope): boolean {
  switch (expression.kind) {
    case "literal":
      return true;
    case "column":
      return scope.lets.has(expression.name) && scope.columns.find(expression.name) === undefined && !scope.virtual.has(expression.name);
    case "negate":
      return mayBeConstant(expression.of, scope);
    case "arithmetic":
      return mayBeConstant(expression.left, scope) && mayBeConstant(expression.right, scope);
    case "call":
      return expression.args.every((one) => mayBeConstant(one, scope));
    default:
      return false;
  }
}

/** The texts of a list that is known. Null: an item is no text, so the list says nothing. */
function itemsOf(items: readonly Expression[], scope: Scope): readonly string[] | null {
  const values = items.map((item) => constantOf(item, scope)?.constant?.value);
  const [only] = values;
  const list = values.length === 1 && Array.isArray(only) ? only : values;
  const texts = list.filter((one) => typeof one === "string");
  return texts.length === list.length ? texts : null;
}

export interface TimeBounds {
  /** Microseconds of the epoch: from, inclusive, to, exclusive; infinite where there is no bound. */
  readonly from: number;
  readonly to: number;
}

const ALWAYS: TimeBounds = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const TIME = "_time";

/** Outside of them the predicate is not true. */
export function timeBounds(predicate: Expression, scope: Scope): TimeBounds {
  const slot = scope.columns.find(TIME);
  const known = slot === undefined ? undefined : scope.columns.list[slot];
  if (scope.virtual.has(TIME) || known?.type !== "datetime") return ALWAYS;
  return boundsOf(predicate, scope);
}

function boundsOf(expression: Expression, scope: Scope): TimeBounds {
  switch (expression.kind) {
    case "logic": {
      const [a, b] = [boundsOf(expression.left, scope), boundsOf(expression.right, scope)];
      if (expression.op === "and") return { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
      return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
    }
    case "compare": {
      if (isTime(expression.left)) return compared(expression.op, timeOf(expression.right, scope));
      return isTime(expression.right) ? compared(FLIPPED[expression.op] ?? "", timeOf(expression.left, scope)) : ALWAYS;
    }
    case "between": {
      if (expression.negated || !isTime(expression.of)) return ALWAYS;
      const low = timeOf(expression.low, scope);
      const length = constantOf(expression.high, scope);
      const span = length?.type === "timespan" ? length.constant?.value : undefined;
      const high = typeof span === "number" && low !== null ? low + span : timeOf(expression.high, scope);
      return { from: compared(">=", low).from, to: compared("<=", high).to };
    }
    default:
      return ALWAYS;
  }
}

const FLIPPED: Record<string, string> = { "==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

function compared(op: string, time: number | null): TimeBounds {
  if (time === null) return ALWAYS;
  if (op === "==") return { from: time, to: time + 1 };
  if (op === ">") return { from: time + 1, to: ALWAYS.to };
  if (op === ">=") return { from: time, to: ALWAYS.to };
  if (op === "<") return { from: ALWAYS.from, to: time };
  return op === "<=" ? { from: ALWAYS.from, to: time + 1 } : ALWAYS;
}

function isTime(expression: Expression): boolean {
  return expression.kind === "column" && expression.name === TIME;
}

function timeOf(expression: Expression, scope: Scope): number | null {
  const compiled = constantOf(expression, scope);
  if (compiled === undefined || (compiled.type !== "datetime" && compiled.type !== "string")) return null;
  return readDatetime(compiled)([]);
}
