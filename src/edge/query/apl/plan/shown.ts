/** Which columns of a table there are to see, and in what order. */
import type { Flow } from "./flow.ts";

/** Of events, before all others. */
const FIRST = ["_time", "_sysTime"];

/**
 * Slots. A closed table has the columns that the query says. One of events has those that its rows have, times first and then by name, as
 * events come in no order; and behind them what the query has computed.
 * @param isMet whether a row has a value there
 */
export function shownSlots({ layout, open, arrange, meanings }: Flow, isMet: (slot: number) => boolean): number[] {
  const { list, defined } = layout;
  if (!open) return list.map((_, slot) => slot);
  const isSaid = (name: string) => FIRST.includes(name) || defined.has(name) || meanings.get(name)?.kind === "group";
  const names = list.flatMap(({ name }, slot) => (isSaid(name) || isMet(slot) ? [name] : []));
  const found = names.filter((name) => !defined.has(name));
  const ordered = [
    ...FIRST.filter((name) => found.includes(name)),
    ...found.filter((name) => !FIRST.includes(name)).sort(),
    ...[...defined].filter((name) => names.includes(name)),
  ];
  return (arrange?.(ordered) ?? ordered).map((name) => layout.find(name) ?? 0);
}
