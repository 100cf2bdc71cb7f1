/**
 * Expressions, from the loosest to the tightest: `or`, `and`, comparisons, `+ -`, `* / %`, unary minus, members.
 * A node with two sides stands `at` its operator; a member at its name.
 */
import type { ArithmeticOp, ComparisonOp, Expression, TextOp } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { literalHere } from "./literal.ts";
import { bracketedName } from "./name.ts";

const COMPARISONS: ReadonlyMap<string, ComparisonOp> = new Map([
  ...(["==", "!=", "<", "<=", ">", ">=", "=~", "!~"] as const).map((op) => [op, op] as const),
  ["<>", "!="],
]);
const EQUALITIES = new Set<ComparisonOp>(["==", "!="]);
const TEXT_OPS: ReadonlyMap<string, TextOp> = new Map(
  (["contains", "has", "hasprefix", "hassuffix", "startswith", "endswith"] as const)
    .flatMap((op) => [op, `${op}_cs`] as const)
    .map((op) => [op, op]),
);
const SUMS: readonly ArithmeticOp[] = ["+", "-"];
const PRODUCTS: readonly ArithmeticOp[] = ["*", "/", "%"];

export function expression(cursor: Cursor): Expression {
  return logic(cursor, "or", () => logic(cursor, "and", () => comparison(cursor)));
}

function logic(cursor: Cursor, op: "and" | "or", side: () => Expression): Expression {
  const sides = [side()];
  const places: number[] = [];
  while (cursor.isWord(op)) {
    places.push(cursor.take().at);
    sides.push(side());
  }
  // halved, so that a thousand conditions in a row are ten levels and not a thousand
  const joined = (from: number, to: number): Expression => {
    if (to - from === 1) return sides[from] as Expression;
    const middle = Math.ceil((from + to) / 2);
    const [left, right] = [joined(from, middle), joined(middle, to)];
    return cursor.built({ kind: "logic", op, at: places[middle - 1] ?? 0, left, right }, left, right);
  };
  return joined(0, sides.length);
}

function comparison(cursor: Cursor): Expression {
  let left = sum(cursor);
  if (cursor.searches && left.kind === "column" && cursor.isSign(":")) {
    const { at } = cursor.take();
    const right = sum(cursor);
    return cursor.built({ kind: "text", at, op: "has", negated: false, left, right }, left, right);
  }
  for (let first = true; ; first = false) {
    const compared = comparedWith(cursor, left, first);
    if (!compared) return left;
    left = compared;
  }
}

/** Null: no comparison follows. `1 < x < 5` does not mean what it looks like, so only `==` and `!=` may follow a comparison. */
function comparedWith(cursor: Cursor, left: Expression, first: boolean): Expression | null {
  const token = cursor.look();
  const { at } = token;
  if (token.kind === "sign") {
    const op = COMPARISONS.get(token.text);
    if (op && (first || EQUALITIES.has(op))) {
      cursor.take();
      const right = sum(cursor);
      return cursor.built({ kind: "compare", at, op, left, right }, left, right);
    }
  }
  if (!first) return null;
  const negated = cursor.isSign("!") && cursor.look(1).kind === "name";
  const word = cursor.look(negated ? 1 : 0);
  if (word.kind !== "name") return null;
  const begun = () => {
    if (negated) cursor.take();
    cursor.take();
  };
  const textOp = word.text === "matches" && cursor.isWord("regex", negated ? 2 : 1) ? "matches" : TEXT_OPS.get(word.text);
  if (textOp) {
    begun();
    if (textOp === "matches") cursor.take();
    const right = sum(cursor);
    return cursor.built({ kind: "text", at, op: textOp, negated, left, right }, left, right);
  }
  switch (word.text) {
    case "in":
    case "has_any":
    case "has_all": {
      begun();
      const op = word.text === "in" && cursor.takeSign("~") ? "in~" : word.text;
      const items = argumentsHere(cursor, false);
      return cursor.built({ kind: "among", at, op, negated, left, items }, left, ...items);
    }
    case "between": {
      begun();
      cursor.expectSign("(");
      const [low, high] = cursor.nested(() => {
        const from = sum(cursor);
        cursor.expectSign("..");
        return [from, sum(cursor)];
      });
      cursor.expectSign(")");
      return cursor.built({ kind: "between", at, negated, of: left, low, high }, left, low, high);
    }
    default:
      if (negated) throw cursor.fault('an operator such as "!=" or "!has"');
      return null;
  }
}

/** Without comparisons: what may stand on either side of one. */
export function sum(cursor: Cursor): Expression {
  return chain(cursor, SUMS, () => chain(cursor, PRODUCTS, () => signed(cursor)));
}

function chain(cursor: Cursor, signs: readonly ArithmeticOp[], side: () => Expression): Expression {
  let left = side();
  for (;;) {
    const op = signs.find((sign) => cursor.isSign(sign));
    if (op === undefined) return left;
    const { at } = cursor.take();
    const right = side();
    left = cursor.built({ kind: "arithmetic", at, op, left, right }, left, right);
  }
}

function signed(cursor: Cursor): Expression {
  const { at } = cursor.look();
  if (cursor.takeSign("+")) return cursor.nested(() => signed(cursor));
  if (!cursor.takeSign("-")) return members(cursor);
  const of = cursor.nested(() => signed(cursor));
  return cursor.built({ kind: "negate", at, of }, of);
}

function members(cursor: Cursor): Expression {
  let of = primary(cursor);
  for (;;) {
    const { at } = cursor.look();
    if (cursor.takeSign(".")) {
      const { at: nameAt, text } = cursor.isSign("[") ? bracketedName(cursor) : cursor.expectName("a member's name");
      of = cursor.built({ kind: "member", at: nameAt, of, name: text }, of);
    } else if (cursor.takeSign("[")) {
      const key = cursor.look();
      if (key.kind === "text" && cursor.isSign("]", 1)) {
        cursor.take();
        of = cursor.built({ kind: "member", at: key.at, of, name: key.text }, of);
      } else {
        const index = cursor.nested(() => expression(cursor));
        of = cursor.built({ kind: "index", at, of, index }, of, index);
      }
      cursor.expectSign("]");
    } else return of;
  }
}

function primary(cursor: Cursor): Expression {
  const literal = literalHere(cursor);
  if (literal) return literal;
  const token = cursor.look();
  if (cursor.isSign("[")) {
    const { at, text } = bracketedName(cursor);
    return cursor.built({ kind: "column", at, name: text });
  }
  if (cursor.takeSign("(")) {
    const within = cursor.nested(() => expression(cursor));
    if (!cursor.takeSign(")")) throw cursor.fault('an operator or ")"');
    return within;
  }
  if (token.kind !== "name") throw cursor.fault("a value or a column");
  cursor.take();
  if (!cursor.isSign("(")) return cursor.built({ kind: "column", at: token.at, name: token.text });
  const args = argumentsHere(cursor, true);
  return cursor.built({ kind: "call", at: token.at, name: token.text.toLowerCase(), args }, ...args);
}

/** In parentheses. Those of a call may be none, and `*`. */
function argumentsHere(cursor: Cursor, ofCall: boolean): Expression[] {
  cursor.expectSign("(");
  const args: Expression[] = [];
  if (ofCall && cursor.takeSign(")")) return args;
  cursor.nested(() => {
    do {
      const { at } = cursor.look();
      args.push(ofCall && cursor.takeSign("*") ? cursor.built({ kind: "star", at }) : expression(cursor));
    } while (cursor.takeSign(","));
  });
  if (!cursor.takeSign(")")) throw cursor.fault('an operator, "," or ")"');
  return args;
}
