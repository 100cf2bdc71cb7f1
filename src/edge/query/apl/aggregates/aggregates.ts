/** The aggregations of `summarize` and `make-series`, by name. */
import { QueryFault } from "../fault.ts";
import type { Expression } from "../syntax.ts";
import type { Compiled } from "../value.ts";
import { type Aggregate, onlyWhere } from "./aggregate.ts";
import type { CallExpression, Surroundings } from "./arguments.ts";
import { DEFINITIONS, type Definition } from "./definitions.ts";
import { fieldsIn, literalsOf, pathOf } from "./derived.ts";

/** By name in lower case. */
export const AGGREGATES: ReadonlyMap<string, Definition> = new Map(DEFINITIONS);

/**
 * An aggregation that is ready for rows.
 * @throws QueryFault where its arguments are not such as it takes.
 */
export function openAggregate(call: CallExpression, compileArgument: (e: Expression) => Compiled, surroundings: Surroundings): Aggregate {
  const definition = AGGREGATES.get(call.name);
  if (definition === undefined) throw new QueryFault(call.at, `${call.name}() is no aggregation`);
  const { args, predicate } = splitPredicate(call, definition);
  checkArguments(call, definition, args);
  const condition = predicate === null ? null : compileArgument(predicate).run;
  const made = definition.make({ ...{ name: call.name, at: call.at, args, compile: compileArgument }, surroundings });
  const columns = made.columns ?? (() => [{ name: `${definition.prefix}_${pathOf(args[0]) ?? ""}${made.suffix ?? ""}`, type: made.type }]);
  return {
    ...{
      name: columns()[0]?.name ?? `${definition.prefix}_`,
      type: made.type,
      columns,
      isWide: definition.isWide && (args.length > 1 || args[0]?.kind === "star"),
    },
    origin: {
      op: definition.op,
      fields: [...new Set([...args, ...(predicate === null ? [] : [predicate])].flatMap(fieldsIn))],
      args: literalsOf(args),
    },
    open: (budget) => (condition === null ? made.open(budget) : onlyWhere(condition, made.open(budget))),
  };
}

function splitPredicate(call: CallExpression, { isIf, predicateAt, takes }: Definition) {
  // `count(*)` is `count()`
  const args = takes[1] === 0 && call.args[0]?.kind === "star" ? call.args.slice(1) : call.args;
  if (!isIf) return { args, predicate: null };
  const at = predicateAt < 0 ? args.length + predicateAt : predicateAt;
  const predicate = args[at];
  if (predicate === undefined) throw new QueryFault(call.at, `${call.name}() needs a predicate`);
  return { args: args.filter((_, i) => i !== at), predicate };
}

function checkArguments(call: CallExpression, { takes: [least, most], isIf, isWide }: Definition, args: readonly Expression[]): void {
  if (args.length < least || args.length > most) {
    const more = isIf ? " and a predicate" : "";
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw new QueryFault(call.at, `${call.name}() takes ${wanted} argument${wanted === "1" ? "" : "s"}${more}`);
  }
  const star = args.find(({ kind }) => kind === "star");
  if (star !== undefined && (!isWide || star !== args.at(-1) || args.length > 2))
    throw new QueryFault(star.at, `${call.name}() takes no * there`);
}
