/** Values of one type as those of another, by the conversions that expressions have. */
import { compile } from "../compile.ts";
import { openLayout } from "../plan/layout.ts";
import type { Type, Value } from "../value.ts";

const CONVERSIONS: Record<Type, string | null> = {
  bool: "tobool",
  long: "tolong",
  real: "toreal",
  string: "tostring",
  datetime: "todatetime",
  timespan: "totimespan",
  dynamic: null,
};

/** What does not fit is null. */
export function converter(from: Type, to: Type): (value: Value) => Value {
  // in a dynamic value a time is a text, as it is in JSON
  const name = to === "dynamic" && (from === "datetime" || from === "timespan") ? "tostring" : CONVERSIONS[to];
  if (name === null || from === to) return (value) => value;
  const columns = openLayout([{ name: "value", type: from === "long" || from === "real" ? "dynamic" : from }]);
  const scope = { columns, open: false, lets: new Map(), virtual: new Map(), now: 0 };
  const { run } = compile({ kind: "call", name, args: [{ kind: "column", name: "value", at: 0 }], at: 0 }, scope);
  return (value) => (value === null || value === undefined ? value : run([value]));
}
