/** What a column is called where the query gives no name. */
import { pathOf } from "../aggregates/derived.ts";
import { QueryFault } from "../fault.ts";
import type { Named } from "../syntax.ts";

/** As Kusto does: the name of the field that the value is made of alone, else `Column1`, `Column2`. */
export function nameOf({ name, value }: Named, position: number, prefix = "Column"): string {
  return name ?? pathOf(value) ?? `${prefix}${position}`;
}

/** The name, or if it is taken the name with the first number behind it that is free. */
export function unlike(name: string, taken: { has(name: string): boolean }): string {
  if (!taken.has(name)) return name;
  for (let i = 1; ; i++) if (!taken.has(`${name}${i}`)) return `${name}${i}`;
}

/** @throws QueryFault where the query gives a name twice. */
export function checkTwice(items: readonly Named[]): Set<string> {
  const given = new Set<string>();
  for (const { name, at } of items) {
    if (name !== null && given.has(name)) throw new QueryFault(at, `the column ${name} is given twice; give one of them another name`);
    if (name !== null) given.add(name);
  }
  return given;
}

/**
 * Names for the columns that a list of items makes, each different: one that is derived gives way.
 * @throws QueryFault where the query gives a name twice.
 */
export function namesOf(items: readonly Named[], prefix?: string, start = 1): string[] {
  const taken = checkTwice(items);
  return items.map((item, i) => {
    if (item.name !== null) return item.name;
    const name = unlike(nameOf(item, i + start, prefix), taken);
    taken.add(name);
    return name;
  });
}
