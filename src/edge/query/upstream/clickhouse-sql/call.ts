/** How a function is written in SQL. */
import { QueryFault } from "../../apl/fault.ts";
import type { Type } from "../../apl/value.ts";
import { asNumber, asPrinted, asTime, asWhole, type Bind, made, type Sql } from "./sql.ts";

export interface Call {
  readonly bind: Bind;
  readonly at: number;
  readonly name: string;
  /** Of the result. */
  readonly type: Type;
}

export type Written = (call: Call, args: readonly Sql[]) => Sql;

type Kind = "text" | "number" | "whole" | "time";

const READ: Record<Kind, (bind: Bind, of: Sql) => Sql> = { text: asPrinted, number: asNumber, whole: asWhole, time: asTime };

/** A function of arguments of these kinds; those that are not given are not passed on. */
export function written(kinds: readonly Kind[], write: (...texts: string[]) => string): Written {
  return ({ bind, type }, args) => {
    const read = args.map((arg, i) => READ[kinds[Math.min(i, kinds.length - 1)] ?? "text"](bind, arg));
    const text = write(...read.map((one) => one.text));
    // a number whose own type only a row knows
    return type === "dynamic" ? made("dynamic", `nullIf(toJSONString(${text}), 'null')`) : made(type, text);
  };
}

/** ClickHouse's function of the name takes the same and gives the same. */
export function same(name: string, ...kinds: Kind[]): Written {
  return written(kinds, (...texts) => `${name}(${texts.join(", ")})`);
}

export function constantText({ at, name }: Call, arg: Sql | undefined): string {
  const value = arg?.literal?.value;
  if (typeof value !== "string") throw new QueryFault(at, `${name}() takes only a constant text there for datasets answered by ClickHouse`);
  return value;
}
