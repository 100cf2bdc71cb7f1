/** `parse kind=regex`: all parts become one regular expression, which the text has to match from its beginning. */
import { compileRegex } from "../../regex.ts";
import type { Type } from "../../value.ts";
import type { Cut, ParseColumn, ParseOperator } from "../parse.ts";

export function cutByRegex({ parts, flags, at }: ParseOperator): Cut {
  // the flag U exchanges what `?` behind a repetition means
  const [much, little] = flags.includes("U") ? ["?", ""] : ["", "?"];
  const looks: Partial<Record<Type, string>> = {
    long: `[+-]?\\d+${much}`,
    real: `[+-]?\\d+${much}(?:\\.\\d+${much})?${much}(?:[eE][+-]?\\d+${much})?${much}`,
    bool: "(?i:true|false)",
  };
  const columns: ParseColumn[] = [];
  let pattern = "^";
  for (const part of parts) {
    if (part.kind === "any") pattern += `(?s:.*${little})`;
    // a text may have groups of its own, so ours have names
    else if (part.kind === "column") pattern += `(?P<${groupOf(columns.push(part) - 1)}>${looks[part.type] ?? ".*"})`;
    else pattern += `(?:${part.text})`;
  }
  const regex = compileRegex(pattern, flags, at);
  const groups = columns.map((_, i) => regex.names.indexOf(groupOf(i)) + 1);
  return (text) => {
    const match = regex.match(text, 0);
    if (match === null) return null;
    return groups.map((group) => {
      const [begin = -1, end = -1] = match.slice(2 * group, 2 * group + 2);
      return begin < 0 ? undefined : text.slice(begin, end);
    });
  };
}

function groupOf(column: number): string {
  return `headgate_${column}`;
}
