/** Functions of numbers, choices, conversions, and of arrays and objects. */
import type { Type } from "../../apl/value.ts";
import { same, type Written, written } from "./call.ts";
import { asBool, asCondition, asJson, asNumber, asPrinted, asSpan, asTime, type Bind, literal, made, nullOf, type Sql } from "./sql.ts";

/** A choice is of the type that our own engine has found for it. */
function chosen(bind: Bind, type: Type, value: Sql): Sql {
  if (value.literal && (value.literal.value === null || value.literal.value === undefined)) return nullOf(type);
  if (type === "dynamic") return asJson(bind, value);
  return type === "real" && value.type === "long" ? made("real", `toFloat64(${value.text})`, value.nullable) : value;
}

const choice: Written = ({ bind, type }, args) => {
  const parts = args.map((arg, i) => (i % 2 === 0 && i < args.length - 1 ? asCondition(bind, arg) : chosen(bind, type, arg)));
  return made(type, `multiIf(${parts.map(({ text }) => text).join(", ")})`);
};

/** The first that is not null, nor an empty text; else the first that is not null. */
const coalesce: Written = ({ bind, type }, args) => {
  const values = args.map((arg) => bind(chosen(bind, type, arg)));
  const full =
    type === "string"
      ? values.map(({ text }) => `nullIf(${text}, '')`)
      : type === "dynamic"
        ? values.map(({ text }) => `nullIf(${text}, '""')`)
        : [];
  return made(type, `coalesce(${[...full, ...values.map(({ text }) => text)].join(", ")})`);
};

const isNull =
  (negated: boolean): Written =>
  (_, [of]) =>
    made("bool", `${negated ? "isNotNull" : "isNull"}(${of?.text ?? "NULL"})`, false);

const isEmpty =
  (negated: boolean): Written =>
  ({ bind }, [of]) => {
    if (of === undefined || (of.type !== "string" && of.type !== "dynamic"))
      return made("bool", `${negated ? "isNotNull" : "isNull"}(${of?.text ?? "NULL"})`, false);
    return made("bool", `(ifNull(${asPrinted(bind, of).text}, '') ${negated ? "!=" : "="} '')`, false);
  };

/** Of a text that is a number, of a number, or of true and false; what can be read as none is null. */
function toNumber(whole: boolean): Written {
  return ({ bind, type }, [of]) => {
    if (of === undefined || of.type === type) return of ?? nullOf(type);
    if (of.type === "bool") return made(type, `${whole ? "toInt64" : "toFloat64"}(${of.text})`);
    const number = of.type === "long" || of.type === "real" ? of.text : `toFloat64OrNull(trimBoth(${textOfNumber(bind, of)}))`;
    return made(type, whole ? `toInt64OrNull(toString(trunc(${number})))` : `toFloat64(${number})`);
  };
}

function textOfNumber(bind: Bind, of: Sql): string {
  const text = bind(asPrinted(bind, of)).text;
  return of.type === "dynamic" ? `multiIf(${text} = 'true', '1', ${text} = 'false', '0', ${text})` : text;
}

const toBool: Written = ({ bind }, [of]) => {
  if (of === undefined || of.type === "bool") return of ?? nullOf("bool");
  if (of.type === "long" || of.type === "real") return made("bool", `(${of.text} != 0)`);
  const text = bind(made("string", `lower(trimBoth(${asPrinted(bind, of).text}))`)).text;
  return made("bool", `multiIf(${text} IN ('true', '1'), true, ${text} IN ('false', '0'), false, NULL)`);
};

/** As text is all that ClickHouse's own reader is given, so that it reads more spellings than the ingest path. */
const toTime: Written = ({ bind }, [of]) => (of ? asTime(bind, of) : nullOf("datetime"));

/** What is no valid JSON is the text itself. */
const parseJson: Written = ({ bind }, [of]) => {
  if (of === undefined || of.type !== "string") return of ? asJson(bind, of) : nullOf("dynamic");
  const text = bind(of).text;
  return made("dynamic", `nullIf(if(isValidJSON(${text}), ${text}, toJSONString(${text})), 'null')`);
};

const arrayLength: Written = ({ bind }, [of]) => {
  const text = bind(asJson(bind, of ?? nullOf("dynamic"))).text;
  return made("long", `if(JSONType(${text}) = 'Array', toInt64(JSONLength(${text})), NULL)`);
};

const greatest =
  (name: string): Written =>
  ({ bind, type }, args) => {
    if (type === "dynamic")
      return made(
        "dynamic",
        `nullIf(toJSONString(${name}(${args.map((arg) => `toFloat64(${asNumber(bind, arg).text})`).join(", ")})), 'null')`,
      );
    return made(type, `${name}(${args.map((arg) => (type === "real" ? `toFloat64(${arg.text})` : arg.text)).join(", ")})`);
  };

const abs: Written = (call, args) =>
  call.type === "timespan"
    ? made("timespan", `abs(${asSpan(call.bind, args[0] ?? nullOf("timespan")).text})`)
    : same("abs", "number")(call, args);

const REAL = ["exp", "exp2", "exp10", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "degrees", "radians"];

export const VALUE_FUNCTIONS: Record<string, Written> = {
  ...Object.fromEntries(REAL.map((name) => [name, same(name, "number")])),
  log: same("log", "number"),
  sqrt: same("sqrt", "number"),
  pow: same("pow", "number"),
  abs,
  sign: written(["number"], (value) => `toInt64(sign(${value}))`),
  ceiling: written(["number"], (value) => `toInt64(ceil(${value}))`),
  ceil: written(["number"], (value) => `toInt64(ceil(${value}))`),
  round: written(["number", "whole"], (value, digits) => `round(${value}${digits === undefined ? "" : `, ${digits}`})`),
  isnan: written(["number"], (value) => `isNaN(${value})`),
  isinf: written(["number"], (value) => `isInfinite(${value})`),
  isfinite: written(["number"], (value) => `isFinite(${value})`),
  max_of: greatest("greatest"),
  min_of: greatest("least"),
  iff: choice,
  iif: choice,
  case: choice,
  coalesce,
  not: ({ bind }, [of]) => made("bool", `NOT ${asBool(bind, of ?? nullOf("bool")).text}`),
  isnull: isNull(false),
  isnotnull: isNull(true),
  notnull: isNull(true),
  isempty: isEmpty(false),
  isnotempty: isEmpty(true),
  notempty: isEmpty(true),
  tostring: ({ bind }, [of]) => asPrinted(bind, of ?? literal("string", "")),
  toint: toNumber(true),
  tolong: toNumber(true),
  todouble: toNumber(false),
  toreal: toNumber(false),
  tofloat: toNumber(false),
  todecimal: toNumber(false),
  tobool: toBool,
  toboolean: toBool,
  todatetime: toTime,
  totimespan: ({ bind }, [of]) => asSpan(bind, of ?? nullOf("timespan")),
  todynamic: parseJson,
  parse_json: parseJson,
  dynamic_to_json: ({ bind }, [of]) => made("string", `ifNull(${asJson(bind, of ?? nullOf("dynamic")).text}, 'null')`),
  array_length: arrayLength,
  bag_keys: ({ bind }, [of]) => {
    const text = bind(asJson(bind, of ?? nullOf("dynamic"))).text;
    return made("dynamic", `if(JSONType(${text}) = 'Object', toJSONString(JSONExtractKeys(ifNull(${text}, ''))), NULL)`);
  },
  bag_has_key: ({ bind }, [of, key]) =>
    made(
      "bool",
      `ifNull(JSONHas(${asJson(bind, of ?? nullOf("dynamic")).text}, ${asPrinted(bind, key ?? literal("string", "")).text}), false)`,
    ),
};
