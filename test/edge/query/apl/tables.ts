/** Names of tables in a query's tree, found in a second way: by going through every member of every object, whatever it is. */
import type { Query } from "../../../../src/edge/query/apl/syntax.ts";

/** What is no name of an earlier `let` that holds a table, in the text's order. */
export function tablesAnywhere({ lets, body }: Query): { name: string; at: number }[] {
  const given = new Map<string, number>();
  for (const { name, value } of lets) if (value.kind === "table") given.set(name, value.table.at);
  const tables: { name: string; at: number }[] = [];
  const pending: unknown[] = [lets, body];
  while (pending.length > 0) {
    const node = pending.pop();
    if (typeof node !== "object" || node === null) continue;
    if ("kind" in node && node.kind === "literal") continue;
    if ("kind" in node && node.kind === "table" && "name" in node && "at" in node && !("table" in node))
      tables.push({ name: String(node.name), at: Number(node.at) });
    pending.push(...Object.values(node));
  }
  // behind the place where its `let` begins to hold a table, but not within it
  const isGiven = ({ name, at }: { name: string; at: number }) => {
    const from = given.get(name);
    if (from === undefined) return false;
    const following = lets.find((one) => one.at > from)?.at ?? body.at;
    return at >= following;
  };
  return tables.filter((table) => !isGiven(table)).sort((a, b) => a.at - b.at);
}
