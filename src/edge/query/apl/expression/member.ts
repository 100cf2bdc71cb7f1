/** Members and elements of dynamic values. */
import { QueryFault } from "../fault.ts";
import type { Compiled, Value } from "../value.ts";
import { made } from "./fold.ts";

export function memberOf(value: Value, name: string): Value {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return Object.hasOwn(value, name) ? (value as { readonly [member: string]: Value })[name] : null;
}

/** A negative index counts from the end. */
export function elementOf(value: Value, index: number): Value {
  return Array.isArray(value) ? (value.at(index) as Value) : null;
}

export function member(at: number, of: Compiled, name: string): Compiled {
  ofDynamic(at, of);
  const { run } = of;
  return made("dynamic", [of], (row) => memberOf(run(row), name));
}

export function index(at: number, of: Compiled, by: Compiled): Compiled {
  ofDynamic(at, of);
  if (by.type !== "long" && by.type !== "string" && by.type !== "dynamic")
    throw new QueryFault(at, `an index is a whole number or a name, not ${by.type}`);
  const [run, indexOf] = [of.run, by.run];
  return made("dynamic", [of, by], (row) => {
    const key = indexOf(row);
    if (typeof key === "string") return memberOf(run(row), key);
    return typeof key === "number" && Number.isInteger(key) ? elementOf(run(row), key) : null;
  });
}

function ofDynamic(at: number, of: Compiled): void {
  if (of.type !== "dynamic")
    throw new QueryFault(at, `a ${of.type} has no members${of.type === "string" ? "; parse_json() makes a dynamic value of a text" : ""}`);
}
