/** How a scalar function is written down: what it takes, what it gives, and what it does with values that are already of their kinds. */
import {
  asDynamic,
  printDynamic,
  type Read,
  readBool,
  readDatetime,
  readNumber,
  readPrinted,
  readString,
  readTimespan,
} from "../expression/coerce.ts";
import { made } from "../expression/fold.ts";
import { QueryFault } from "../fault.ts";
import type { Scope } from "../scope.ts";
import type { Compiled, Row, Type, Value } from "../value.ts";

/** Where a function is called. */
export interface Call {
  readonly name: string;
  readonly at: number;
  /** Of each argument. */
  readonly ats: readonly number[];
  readonly scope: Scope;
}

export interface ScalarFunction {
  readonly doc: string;
  /** Fewest and most arguments. */
  readonly least: number;
  readonly most: number;
  /** The number of arguments has been checked. */
  readonly compile: (args: readonly Compiled[], call: Call) => Compiled;
}

export type Bag = { readonly [member: string]: Value };

/** `text` takes a dynamic value as it is printed, `printed` any value; `any` is the only kind whose value may be null. */
interface Kinds {
  text: string;
  printed: string;
  number: number;
  /** Cut towards zero. */
  whole: number;
  bool: boolean;
  datetime: number;
  timespan: number;
  array: readonly Value[];
  bag: Bag;
  any: Value;
}

export type Kind = keyof Kinds;
type Parameter = Kind | `${Kind}?`;
type Given<P> = P extends `${infer K extends Kind}?` ? Kinds[K] | undefined : P extends Kind ? Kinds[P] : never;
type Values<P extends readonly Parameter[]> = { -readonly [I in keyof P]: Given<P[I]> };

const KINDS: Record<
  Kind,
  { readonly types: readonly Type[]; readonly read: (of: Compiled) => (row: Row) => Value; readonly says: string }
> = {
  text: { types: ["string", "dynamic"], read: (of) => (of.type === "string" ? readString(of) : readPrinted(of)), says: "a text" },
  printed: { types: ["bool", "long", "real", "string", "datetime", "timespan", "dynamic"], read: readPrinted, says: "a value" },
  number: { types: ["long", "real", "dynamic"], read: readNumber, says: "a number" },
  whole: { types: ["long", "real", "dynamic"], read: readWhole, says: "a whole number" },
  bool: { types: ["bool", "dynamic"], read: readBool, says: "a condition" },
  datetime: { types: ["datetime", "string", "dynamic"], read: readDatetime, says: "a datetime" },
  timespan: { types: ["timespan", "string", "dynamic"], read: readTimespan, says: "a timespan" },
  array: { types: ["dynamic"], read: readArray, says: "an array" },
  bag: { types: ["dynamic"], read: readBag, says: "an object" },
  any: { types: ["bool", "long", "real", "string", "datetime", "timespan", "dynamic"], read: asDynamic, says: "a value" },
};

function readWhole(of: Compiled): Read<number> {
  const read = readNumber(of);
  return (row) => {
    const value = read(row);
    return value === null || !Number.isFinite(value) ? null : Math.trunc(value);
  };
}

function readArray({ run }: Compiled): (row: Row) => Value {
  return (row) => {
    const value = run(row);
    return Array.isArray(value) ? (value as readonly Value[]) : null;
  };
}

function readBag({ run }: Compiled): (row: Row) => Value {
  return (row) => {
    const value = run(row);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  };
}

/**
 * A function of values. A null for anything but `any` makes the whole null.
 * @param takes parameters by kind; with a `?` they may be left out, all behind the first such too
 */
export function define<const P extends readonly Parameter[]>(
  doc: string,
  takes: P,
  gives: Type | ((args: readonly Compiled[]) => Type),
  run: (...values: Values<P>) => Value,
): ScalarFunction {
  const kinds = takes.map((parameter) => parameter.replace("?", "") as Kind);
  return {
    doc,
    least: takes.filter((parameter) => !parameter.endsWith("?")).length,
    most: takes.length,
    compile(args, call) {
      const reads = args.map((arg, i) => read(arg, kinds[i] ?? "any", i, call));
      const type = typeof gives === "string" ? gives : gives(args);
      return made(type, args, applied(run as unknown as (...values: Value[]) => Value, reads, kinds));
    },
  };
}

/** A function of any number of values of one kind; nulls reach it only of kind `any`, or where `nulls` says so. */
export function variadic<K extends Kind>(
  doc: string,
  kind: K,
  [least, most]: readonly [number, number],
  gives: Type | ((args: readonly Compiled[]) => Type),
  run: (values: readonly (Kinds[K] | null)[]) => Value,
): ScalarFunction {
  return {
    doc,
    least,
    most,
    compile(args, call) {
      const reads = args.map((arg, i) => read(arg, kind, i, call));
      const type = typeof gives === "string" ? gives : gives(args);
      return made(type, args, (row) => run(reads.map((one) => one(row) as Kinds[K] | null)));
    },
  };
}

/** A function that looks at its arguments before the first row. */
export function special(doc: string, [least, most]: readonly [number, number], compile: ScalarFunction["compile"]): ScalarFunction {
  return { doc, least, most, compile };
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"];

function ordinal(position: number): string {
  return ORDINALS[position] ?? `${position + 1}th`;
}

/** @throws QueryFault for an argument that can never be of the kind */
export function read(arg: Compiled, kind: Kind, position: number, call: Call): (row: Row) => Value {
  const { types, read: reader, says } = KINDS[kind];
  if (!types.includes(arg.type)) {
    const hint = kind === "text" ? "; tostring() makes one" : kind === "number" && arg.type === "string" ? "; todouble() makes one" : "";
    throw wrong(position, call, `must be ${says}, not ${arg.type}${hint}`);
  }
  return reader(arg);
}

export function wrong(position: number, call: Call, what: string): QueryFault {
  return new QueryFault(call.ats[position] ?? call.at, `the ${ordinal(position)} argument of ${call.name}() ${what}`);
}

/** @throws QueryFault where the argument is not the same for all rows, or no text */
export function constantText(args: readonly Compiled[], position: number, call: Call): string {
  const value = args[position]?.constant?.value;
  if (typeof value !== "string") throw wrong(position, call, "must be a constant text");
  return value;
}

function applied(run: (...values: Value[]) => Value, reads: readonly ((row: Row) => Value)[], kinds: readonly Kind[]): (row: Row) => Value {
  const [a, b, c] = reads;
  const strict = kinds.every((kind) => kind !== "any");
  if (strict && a !== undefined && reads.length === 1) {
    return (row) => {
      const x = a(row);
      return x === null ? null : run(x);
    };
  }
  if (strict && a !== undefined && b !== undefined && reads.length === 2) {
    return (row) => {
      const x = a(row);
      if (x === null) return null;
      const y = b(row);
      return y === null ? null : run(x, y);
    };
  }
  if (strict && a !== undefined && b !== undefined && c !== undefined && reads.length === 3) {
    return (row) => {
      const x = a(row);
      if (x === null) return null;
      const y = b(row);
      if (y === null) return null;
      const z = c(row);
      return z === null ? null : run(x, y, z);
    };
  }
  return (row) => {
    const values: Value[] = [];
    for (const [i, one] of reads.entries()) {
      const value = one(row) ?? null;
      if (value === null && kinds[i] !== "any") return null;
      values.push(value);
    }
    return run(...values);
  };
}

/** Long where all are, else real; something dynamic may be either. */
export function numberType(args: readonly Compiled[]): Type {
  if (args.some(({ type }) => type === "dynamic")) return "dynamic";
  return args.every(({ type }) => type === "long") ? "long" : "real";
}

export function printed(value: Value): string {
  return value === null || value === undefined ? "" : printDynamic(value);
}
