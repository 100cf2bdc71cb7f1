/** Expressions are made from their parts; what is the same for all rows is computed once, here. */
import type { Compiled, Row, Type, Value } from "../value.ts";

export function constant(type: Type, value: Value): Compiled {
  return { type, run: () => value, constant: { value } };
}

/** @param parts all that `run` reads: if they are constants, so is the whole */
export function made(type: Type, parts: readonly Compiled[], run: (row: Row) => Value): Compiled {
  return parts.every((part) => part.constant !== undefined) ? constant(type, run([])) : { type, run };
}
