/** Which datasets a query reads. */
import type { Operator, Query, Source, Tabular } from "../syntax.ts";

export interface DatasetName {
  readonly name: string;
  readonly at: number;
}

/**
 * Every name of a table in the query, once for each place, but those that an earlier `let` has given to a table: that one's own names are
 * here. A name that is used before its `let`, or inside it, is a dataset's, and so is one that `let` has given to a value. Whoever carries
 * the query out must find tables by the same rule. Not checked: whether such datasets exist, or who may read them.
 */
export function datasetsIn({ lets, body }: Query): DatasetName[] {
  const given = new Set<string>();
  const found: DatasetName[] = [];
  for (const { name, value } of lets) {
    if (value.kind !== "table") continue;
    collect(value.table, given, found);
    given.add(name);
  }
  collect(body, given, found);
  return found;
}

function collect({ source, operators }: Tabular, given: ReadonlySet<string>, found: DatasetName[]): void {
  if (source.kind === "table" && !given.has(source.name)) found.push({ name: source.name, at: source.at });
  for (const table of tablesOf(source)) collect(table, given, found);
  for (const operator of operators) for (const table of tablesWithin(operator)) collect(table, given, found);
}

function tablesOf(source: Source): readonly Tabular[] {
  return source.kind === "union" ? source.of : [];
}

/** An operator of a new kind that holds a table must be named here: `holdsNone` does not take it otherwise. */
function tablesWithin(operator: Operator): readonly Tabular[] {
  if (operator.kind === "join") return [operator.right];
  if (operator.kind === "union") return operator.others;
  return holdsNone(operator);
}

type Holds<T> = T extends Tabular ? true : T extends readonly (infer Item)[] ? (Item extends Tabular ? true : never) : never;
type HoldsTable<O> = O extends unknown ? { [Member in keyof O]: Holds<O[Member]> }[keyof O] : never;

function holdsNone<O extends Operator>(_: O & ([HoldsTable<O>] extends [never] ? unknown : never)): readonly Tabular[] {
  return [];
}
