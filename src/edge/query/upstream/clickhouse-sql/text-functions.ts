/** Functions of texts. Lengths and places are counted in characters, of which our own engine counts some as two. */
import { QueryFault } from "../../apl/fault.ts";
import { compileRegex } from "../../apl/regex.ts";
import { constantText, same, type Written, written } from "./call.ts";
import { quotedText } from "./quote.ts";
import { asPrinted, literal, made, type Sql } from "./sql.ts";

/** Without white space where only one argument is given, else without the given characters. */
function trimmed(start: boolean, end: boolean): Written {
  return (call, args) => {
    const [set, of] = args.length === 1 ? ["\\s", args[0]] : [constantText(call, args[0]).replace(/[\\\]^-]/g, "\\$&"), args[1]];
    const text = asPrinted(call.bind, of ?? literal("string", "")).text;
    if (set === "") return made("string", text);
    return cut(text, start ? `^[${set}]+` : null, end ? `[${set}]+$` : null);
  };
}

function trimmedRegex(start: boolean, end: boolean): Written {
  return (call, [pattern, of]) => {
    const regex = constantText(call, pattern);
    compileRegex(regex, "", call.at);
    return cut(asPrinted(call.bind, of ?? literal("string", "")).text, start ? `^(?:${regex})+` : null, end ? `(?:${regex})+$` : null);
  };
}

function cut(text: string, start: string | null, end: string | null): Sql {
  const rest = start === null ? text : `replaceRegexpOne(${text}, ${quotedText(start)}, '')`;
  return made("string", end === null ? rest : `replaceRegexpOne(${rest}, ${quotedText(end)}, '')`);
}

const extract: Written = (call, args) => {
  const pattern = constantText(call, args[0]);
  compileRegex(pattern, "", call.at);
  const [, group, of] = args;
  const index = group?.literal?.value;
  if (of === undefined || typeof index !== "number" || !Number.isInteger(index) || index < 0 || call.type !== "string")
    throw new QueryFault(
      call.at,
      "extract() takes a constant pattern, the constant number of a group and a text for datasets answered by ClickHouse",
    );
  const text = call.bind(asPrinted(call.bind, of)).text;
  // the whole in a group of its own, so that 0 stands for it
  const groups = call.bind(made("dynamic", `extractGroups(ifNull(${text}, ''), ${quotedText(`(?-s)(${pattern})`)})`)).text;
  return made("string", `if(empty(${groups}), NULL, ${groups}[${index + 1}])`);
};

const replaceRegex: Written = (call, args) => {
  const [pattern, by, of] = args;
  const [regex, rewrite] = [constantText(call, pattern), constantText(call, by)];
  compileRegex(regex, "", call.at);
  const text = asPrinted(call.bind, of ?? literal("string", "")).text;
  // RE2 knows groups as \\1 alone
  const parts = rewrite
    .split(/(\$\$|[$\\]\d)/)
    .map((part, i) => (i % 2 === 0 ? part.replace(/\\/g, "\\\\") : part === "$$" ? "$" : `\\${part.charAt(1)}`));
  return made("string", `replaceRegexpAll(${text}, ${quotedText(`(?-s)${regex}`)}, ${quotedText(parts.join(""))})`);
};

const printed: Written = ({ bind }, args) => {
  const texts = args.map((arg) => asPrinted(bind, arg)).map(({ text, nullable }) => (nullable ? `ifNull(${text}, '')` : text));
  return made("string", `concat('', ${texts.join(", ")})`, false);
};

export const TEXT_FUNCTIONS: Record<string, Written> = {
  strlen: same("lengthUTF8", "text"),
  string_size: same("length", "text"),
  tolower: same("lowerUTF8", "text"),
  toupper: same("upperUTF8", "text"),
  reverse: same("reverseUTF8", "text"),
  trim: trimmed(true, true),
  trim_start: trimmed(true, false),
  trim_end: trimmed(false, true),
  trim_space: trimmed(true, true),
  trim_regex: trimmedRegex(true, true),
  trim_start_regex: trimmedRegex(true, false),
  trim_end_regex: trimmedRegex(false, true),
  substring: written(
    ["text", "whole"],
    (text, from, length) => `substringUTF8(${text}, greatest(${from}, 0) + 1${length === undefined ? "" : `, greatest(${length}, 0)`})`,
  ),
  strcat: printed,
  strcat_delim: ({ bind }, args) => {
    const [between = "''", ...texts] = args.map((arg) => `ifNull(${asPrinted(bind, arg).text}, '')`);
    return made("string", `arrayStringConcat([${texts.join(", ")}], ${between})`, false);
  },
  replace_string: written(["text"], (search, by, text) => `replaceAll(${text}, ${search}, ${by})`),
  replace_regex: replaceRegex,
  replace: replaceRegex,
  extract,
  indexof: (call, args) => {
    if (args.length > 2) throw new QueryFault(call.at, "indexof() takes two arguments for datasets answered by ClickHouse");
    return written(["text"], (text, search) => `(toInt64(positionUTF8(${text}, ${search})) - 1)`)(call, args);
  },
  countof: (call, args) => {
    if (args.length > 2) throw new QueryFault(call.at, "countof() takes two arguments for datasets answered by ClickHouse");
    return written(["text"], (text, search) => `countSubstrings(${text}, ${search})`)(call, args);
  },
  split: (call, args) => {
    if (args.length > 2) throw new QueryFault(call.at, "split() takes two arguments for datasets answered by ClickHouse");
    const between = constantText(call, args[1]);
    const text = asPrinted(call.bind, args[0] ?? literal("string", "")).text;
    return made("dynamic", `toJSONString(splitByString(${quotedText(between)}, ifNull(${text}, '')))`);
  },
  strcmp: written(["text"], (a, b) => `if(${a} = ${b}, 0, if(${a} < ${b}, -1, 1))`),
  base64_encode_tostring: same("base64Encode", "text"),
  base64_decode_tostring: same("tryBase64Decode", "text"),
  url_encode: same("encodeURLComponent", "text"),
  url_decode: same("decodeURLComponent", "text"),
};
