/** What each aggregation takes, makes and is called. Axiom's are documented under apl/aggregation-function, Kusto's as `-aggfunction`. */
import type { ColumnInfo } from "../columns.ts";
import { QueryFault } from "../fault.ts";
import type { Expression } from "../syntax.ts";
import type { Compiled, Type } from "../value.ts";
import type { States } from "./aggregate.ts";
import { type Call, percents, subject, wholeNumber } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { bagStates, LIST_LENGTH_MAX, listStates, SET_LENGTH_DEFAULT, setStates } from "./collections.ts";
import { pathOf } from "./derived.ts";
import { ACCURACY_DEFAULT, BITS_OF_ACCURACY, distinctStates } from "./distinct.ts";
import { anyStates, argStates, extremeStates, type Kept, keepRow, keepValues } from "./extremes.ts";
import { avgStates, avgTimeStates, countStates, sumStates, varianceStates } from "./numbers.ts";
import { histogramStates, percentileStates } from "./percentiles.ts";
import { TOP_MAX, topkStates } from "./topk.ts";

interface Made {
  readonly type: Type;
  readonly open: (budget: Budget) => States;
  /** Behind the derived name. */
  readonly suffix?: string;
  /** Where the derived name is not the one. */
  readonly columns?: () => readonly ColumnInfo[];
}

export interface Definition {
  /** On the wire; the `if` form has `if` behind it. */
  readonly op: string;
  /** What derived names begin with. */
  readonly prefix: string;
  /** Least and greatest number of arguments, without a predicate. */
  readonly takes: readonly [least: number, most: number];
  /** Where the predicate of an `if` form stands, from the front or, if negative, from the end. */
  readonly predicateAt: number;
  readonly isIf: boolean;
  readonly isWide: boolean;
  readonly make: (call: Call) => Made;
}

const ARGUMENTS_MAX = 64;
const HISTOGRAM_BUCKETS_MAX = 1000;

/** Of a mean or a percentile; what a field of events holds counts as real. */
const numeric = (type: Type): Type => (type === "long" || type === "datetime" || type === "timespan" ? type : "real");

/** What begins derived names in both forms. */
const ALIKE: readonly string[] = ["list", "set", "bag", "any"];

function define(
  names: readonly string[],
  ifNames: readonly string[],
  definition: Pick<Definition, "takes" | "make"> & Partial<Definition> & { op: string },
): [string, Definition][] {
  const full = { prefix: definition.op, predicateAt: -1, isIf: false, isWide: false, ...definition };
  const conditional = { ...full, op: full.op === "computed" ? full.op : `${full.op}if`, isIf: true };
  const prefix = ALIKE.includes(full.prefix) ? full.prefix : `${full.prefix}if`;
  return [
    ...names.map((name): [string, Definition] => [name, full]),
    ...ifNames.map((name): [string, Definition] => [name, { ...conditional, prefix }]),
  ];
}

const ofSubject = (type: (of: Type) => Type, open: (of: Compiled, budget: Budget) => States) => (call: Call) => {
  const argument = subject(call);
  return { type: type(argument.type), open: (budget: Budget) => open(argument, budget) };
};

const variance = (sample: boolean, root: boolean) =>
  ofSubject(
    () => "real",
    (of) => varianceStates(of, sample, root),
  );

const extreme = (sign: 1 | -1) =>
  ofSubject(
    (type) => type,
    (of, budget) => extremeStates(of, sign, budget),
  );

function argExtreme(sign: 1 | -1) {
  return (call: Call): Made => {
    const argument = subject(call);
    const first = { name: pathOf(call.args[0]) ?? `${call.name}_`, type: argument.type };
    const kept = keep(call, call.args.slice(1), [first.name]);
    return {
      type: argument.type,
      open: (budget) => argStates(argument, sign, kept, budget),
      columns: () => [first, ...kept.columns()],
    };
  };
}

function takeAny(call: Call): Made {
  const kept = keep(call, call.args, []);
  return { type: kept.columns()[0]?.type ?? "dynamic", open: (budget) => anyStates(kept, budget), columns: kept.columns };
}

function keep(call: Call, args: readonly Expression[], without: readonly string[]): Kept {
  if (args.length === 1 && args[0]?.kind === "star")
    return keepRow(call.surroundings.columns, new Set([...(call.surroundings.groupedBy ?? []), ...without]));
  const values = args.map(call.compile);
  const columns = args.map((argument, i) => ({ name: pathOf(argument) ?? `${call.name}_${i}`, type: values[i]?.type ?? "dynamic" }));
  return keepValues(values, columns);
}

function percentiles(spread: boolean) {
  return (call: Call): Made => {
    const argument = subject(call);
    const wanted = percents(call);
    const type = numeric(argument.type);
    const stem = pathOf(call.args[0]) ?? "";
    return {
      type: spread ? type : "dynamic",
      open: (budget) => percentileStates(argument, wanted, spread, budget),
      ...(spread ? { columns: () => wanted.map((percent) => ({ name: `percentile_${stem}_${percent}`, type })) } : {}),
    };
  };
}

function percentile(call: Call): Made {
  const argument = subject(call);
  const wanted = percents(call);
  if (wanted.length !== 1) throw new QueryFault(call.at, `${call.name}() takes one percentile; percentiles_array() takes several`);
  return {
    type: numeric(argument.type),
    open: (budget) => percentileStates(argument, wanted, true, budget),
    suffix: `_${wanted[0]}`,
  };
}

function rate(call: Call): Made {
  const { seconds } = call.surroundings;
  if (seconds === undefined || !(seconds > 0)) throw new QueryFault(call.at, "rate() needs a range of time that is not empty");
  // events per second, where nothing is summed
  const argument: Compiled = call.args[0] === undefined ? { type: "long", run: () => 1 } : subject(call);
  return { type: argument.type === "timespan" ? "timespan" : "real", open: () => sumStates(argument, seconds) };
}

/** Lists, sets and bags: an argument, and how long they may grow. */
const collection = (states: (of: Compiled, lengthMax: number, budget: Budget) => States, lengthDefault: number) => (call: Call) => {
  const argument = subject(call);
  const lengthMax = wholeNumber(call, 1, 1, LIST_LENGTH_MAX, lengthDefault);
  return { type: "dynamic" as const, open: (budget: Budget) => states(argument, lengthMax, budget) };
};

export const DEFINITIONS = [
  ...define(["count"], ["countif"], { op: "count", takes: [0, 0], make: () => ({ type: "long", open: countStates }) }),
  ...define(["dcount", "count_distinct"], ["dcountif", "count_distinctif"], {
    ...{ op: "distinct", prefix: "dcount", takes: [1, 2], predicateAt: 1 },
    make(call) {
      const argument = subject(call);
      const accuracy = wholeNumber(call, 1, 0, BITS_OF_ACCURACY.length - 1, ACCURACY_DEFAULT);
      return { type: "long", open: (budget) => distinctStates(argument, accuracy, budget) };
    },
  }),
  ...define(["sum"], ["sumif"], {
    ...{ op: "sum", takes: [1, 1] },
    make: ofSubject(
      (type) => (type === "long" || type === "timespan" ? type : "real"),
      (of) => sumStates(of),
    ),
  }),
  ...define(["avg"], ["avgif"], {
    ...{ op: "avg", takes: [1, 1] },
    make: ofSubject(
      (type) => (type === "datetime" || type === "timespan" ? type : "real"),
      (of) => (of.type === "datetime" || of.type === "timespan" ? avgTimeStates(of) : avgStates(of)),
    ),
  }),
  ...define(["min"], ["minif"], { op: "min", takes: [1, 1], make: extreme(-1) }),
  ...define(["max"], ["maxif"], { op: "max", takes: [1, 1], make: extreme(1) }),
  ...define(["stdev"], ["stdevif"], { op: "stdev", takes: [1, 1], make: variance(true, true) }),
  ...define(["variance"], ["varianceif"], { op: "variance", takes: [1, 1], make: variance(true, false) }),
  ...define(["stdevp"], ["stdevpif"], { op: "stdev", prefix: "stdevp", takes: [1, 1], make: variance(false, true) }),
  ...define(["variancep"], ["variancepif"], { op: "variance", prefix: "variancep", takes: [1, 1], make: variance(false, false) }),
  ...define(["percentile"], ["percentileif"], { op: "percentiles", prefix: "percentile", takes: [2, 2], make: percentile }),
  ...define(["percentiles"], ["percentilesif"], { op: "percentiles", takes: [2, ARGUMENTS_MAX], isWide: true, make: percentiles(true) }),
  ...define(["percentiles_array"], ["percentiles_arrayif", "percentiles_array_if"], {
    ...{ op: "percentiles", takes: [2, ARGUMENTS_MAX], make: percentiles(false) },
  }),
  ...define(["histogram"], ["histogramif"], {
    ...{ op: "histogram", takes: [2, 2] },
    make(call) {
      const argument = subject(call);
      const buckets = wholeNumber(call, 1, 1, HISTOGRAM_BUCKETS_MAX);
      return { type: "dynamic", open: (budget) => histogramStates(argument, buckets, budget) };
    },
  }),
  ...define(["topk"], ["topkif"], {
    ...{ op: "topk", takes: [2, 2] },
    make(call) {
      const argument = subject(call);
      const top = wholeNumber(call, 1, 1, TOP_MAX);
      return { type: "dynamic", open: (budget) => topkStates(argument, top, budget) };
    },
  }),
  ...define(["make_list", "makelist"], ["make_list_if", "makelistif"], {
    ...{ op: "makelist", prefix: "list", takes: [1, 2], predicateAt: 1, make: collection(listStates, LIST_LENGTH_MAX) },
  }),
  ...define(["make_set", "makeset"], ["make_set_if", "makesetif"], {
    ...{ op: "makeset", prefix: "set", takes: [1, 2], predicateAt: 1, make: collection(setStates, SET_LENGTH_DEFAULT) },
  }),
  ...define(["make_bag"], ["make_bag_if"], {
    ...{ op: "computed", prefix: "bag", takes: [1, 2], predicateAt: 1, make: collection(bagStates, LIST_LENGTH_MAX) },
  }),
  ...define(["arg_min"], [], { op: "argmin", prefix: "arg_min", takes: [1, ARGUMENTS_MAX], isWide: true, make: argExtreme(-1) }),
  ...define(["arg_max"], [], { op: "argmax", prefix: "arg_max", takes: [1, ARGUMENTS_MAX], isWide: true, make: argExtreme(1) }),
  ...define(["take_any", "any"], ["take_anyif"], {
    ...{ op: "computed", prefix: "any", takes: [1, ARGUMENTS_MAX], isWide: true, make: takeAny },
  }),
  ...define(["rate"], [], { op: "rate", takes: [0, 1], make: rate }),
] satisfies [string, Definition][];
