/** `join kind=inner (right) on a, $left.b == $right.c` */
import { QueryFault } from "../fault.ts";
import type { Operator, Tabular } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { parameter } from "./item.ts";
import { columnName } from "./name.ts";

type Join = Extract<Operator, { kind: "join" }>;

const KINDS: ReadonlyMap<string, Join["how"]> = new Map([
  ["inner", "inner"],
  ["innerunique", "innerunique"],
  ["left", "leftouter"],
  ["leftouter", "leftouter"],
]);

export function join(cursor: Cursor, at: number, arm: () => Tabular): Operator {
  const kind = parameter(cursor, "kind", [...KINDS.keys()]);
  const right = arm();
  cursor.expectWord("on");
  const on: Join["on"][number][] = [];
  do on.push(condition(cursor));
  while (cursor.takeSign(",") || cursor.takeWord("and"));
  return { at, kind: "join", how: KINDS.get(kind ?? "") ?? "innerunique", right, on };
}

function condition(cursor: Cursor): Join["on"][number] {
  const first = sided(cursor);
  if (first.side === null) return { at: first.at, left: first.name, right: first.name };
  cursor.expectSign("==");
  const { at } = cursor.look();
  const second = sided(cursor);
  if (second.side === null || second.side === first.side)
    throw new QueryFault(at, `expected a column of the other side, ${first.side === "left" ? "$right" : "$left"}.name`);
  const [left, right] = first.side === "left" ? [first, second] : [second, first];
  return { at: first.at, left: left.name, right: right.name };
}

function sided(cursor: Cursor): { at: number; side: "left" | "right" | null; name: string } {
  const { at } = cursor.look();
  const side = cursor.takeWord("$left") ? "left" : cursor.takeWord("$right") ? "right" : null;
  if (side && !cursor.isSign("[")) cursor.expectSign(".");
  return { at, side, name: columnName(cursor).text };
}
