/** `parse` and `parse-where`: a text is cut along other texts or regular expressions, and what stands between becomes columns. */
import { readPrinted } from "../expression/coerce.ts";
import { QueryFault } from "../fault.ts";
import { compileIn, type PlanOperator, passing } from "../plan/flow.ts";
import { without } from "../plan/meanings.ts";
import { put } from "../plan/relay.ts";
import type { Operator, ParsePart } from "../syntax.ts";
import type { Value } from "../value.ts";
import { converter } from "./convert.ts";
import { cutAlong, looksBounded } from "./parse/cut.ts";
import { cutByRegex } from "./parse/regex.ts";

export type ParseOperator = Extract<Operator, { kind: "parse" }>;
export type ParseColumn = Extract<ParsePart, { kind: "column" }>;

/** The texts of the columns, in their order; null: the text is not of this form. */
export type Cut = (text: string) => readonly (string | undefined)[] | null;

export const parse: PlanOperator<"parse"> = (flow, operator, planning) => {
  const columns = operator.parts.filter((part) => part.kind === "column");
  const twice = columns.find(({ name }, i) => columns.findIndex((one) => one.name === name) !== i);
  if (twice) throw new QueryFault(twice.at, `the column ${twice.name} is given twice; give one of them another name`);
  if (operator.mode !== "regex") checkEnds(operator);
  const read = readPrinted(compileIn(flow, operator.of, planning));
  const cut = operator.mode === "regex" ? cutByRegex(operator) : cutAlong(operator.parts);
  const sets = columns.map(({ name, type }) => ({ slot: flow.layout.define(name, type), convert: converter("string", type) }));
  flow.meanings = without(
    flow.meanings,
    columns.map(({ name }) => name),
  );
  const isStrict = operator.mode !== "relaxed";

  /** Null: it does not fit, in any of them where the mode is a strict one. */
  function valuesOf(text: string | null): Value[] | null {
    const texts = text === null ? null : cut(text);
    if (texts === null) return null;
    const values = sets.map(({ convert }, i) => convert(texts[i]) ?? null);
    return isStrict && values.includes(null) ? null : values;
  }

  flow.steps.push((next) =>
    passing(next, (rows) =>
      rows.filter((row) => {
        const values = valuesOf(read(row));
        if (values === null && operator.drops) return false;
        for (const [i, { slot }] of sets.entries()) put(row, slot, values?.[i] ?? null);
        return true;
      }),
    ),
  );
};

/** Nobody could tell where a text ends that another column or `*` stands behind. */
function checkEnds({ parts }: ParseOperator): void {
  for (const [i, part] of parts.entries()) {
    const next = parts[i + 1];
    if (part.kind === "column" && next && next.kind !== "text" && !looksBounded(part.type))
      throw new QueryFault(part.at, `the end of ${part.name} is not known: put a text behind it, as in ${part.name} ","`);
  }
}
