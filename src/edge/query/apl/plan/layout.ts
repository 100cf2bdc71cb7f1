/** The columns of a table while its query is planned: they can be given another type, and who asks for which is known. */
import type { ColumnInfo, Columns } from "../columns.ts";
import type { Type } from "../value.ts";

export interface Layout extends Columns {
  /** The slot of a name, for values of this type from here on; what has been compiled before keeps the type that it has seen. */
  define(name: string, type: Type): number;
  /** Whether an operator has taken the name away, so that no event brings it back. */
  lacks(name: string): boolean;
  /** Names that were asked for before anything was defined under them: they are to come from where the rows come from. */
  readonly asked: ReadonlySet<string>;
  /** Defined by the query, in that order; the others are what events happen to have. */
  readonly defined: ReadonlySet<string>;
}

/**
 * @param ask told of each new name, so that a table that this one is made of has it too; gives its type there, null if that is open
 * @param isGone whether there can be no column of the name that is not defined here
 */
export function openLayout(
  initial: readonly ColumnInfo[] = [],
  ask: (name: string) => Type | null = () => null,
  isGone: (name: string) => boolean = () => false,
): Layout {
  const list: ColumnInfo[] = [];
  const slots = new Map<string, number>();
  const asked = new Set<string>();
  const defined = new Set<string>();

  function make(name: string, type: Type): number {
    slots.set(name, list.length);
    return list.push({ name, type }) - 1;
  }
  for (const { name, type } of initial) make(name, type);

  return {
    list,
    asked,
    defined,
    lacks: (name) => !slots.has(name) && isGone(name),
    find: (name) => slots.get(name),
    slot(name, type) {
      const known = slots.get(name);
      if (known !== undefined) return known;
      // who gives the type has values of it, and asks nobody for them
      if (type !== undefined) return make(name, type);
      asked.add(name);
      return make(name, ask(name) ?? "dynamic");
    },
    define(name, type) {
      defined.delete(name);
      defined.add(name);
      const known = slots.get(name);
      if (known === undefined) return make(name, type);
      list[known] = { name, type };
      return known;
    },
  };
}
