/** Names of columns in which `*` stands for any text. */
import { nearest, QueryFault } from "../fault.ts";
import type { NamePattern } from "../syntax.ts";
import { checkThere, type Flow } from "./flow.ts";

export type Matches = (name: string) => boolean;

export function isExact({ pattern }: NamePattern): boolean {
  return !pattern.includes("*");
}

/** In time that grows with both texts' lengths multiplied at most: parts are looked for one behind the other, without going back. */
export function matcher({ pattern }: NamePattern): Matches {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}

export function anyOf(patterns: readonly NamePattern[]): Matches {
  const matchers = patterns.map(matcher);
  return (name) => matchers.some((matches) => matches(name));
}

/** @throws QueryFault where a table has no such column. */
export function checkKnown({ layout, open }: Flow, name: string, at: number): void {
  if (open) checkThere(layout, name, at);
  if (open || layout.find(name) !== undefined) return;
  const near = nearest(
    name,
    layout.list.map((one) => one.name),
  );
  throw new QueryFault(at, `there is no column ${name}${near === null ? "" : `; did you mean ${near}?`}`);
}
