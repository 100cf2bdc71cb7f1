/** What columns mean, carried through what only chooses or renames them. */
import type { Expression } from "../syntax.ts";
import type { Flow, Meaning } from "./flow.ts";

export function without(meanings: Flow["meanings"], names: readonly string[]): Flow["meanings"] {
  if (meanings.size === 0) return meanings;
  return new Map([...meanings].filter(([name]) => !names.includes(name)));
}

/** @param sources under which name each column was known before; null: it is computed */
export function renamed({ meanings, bucket, order }: Flow, sources: readonly { readonly name: string; readonly from: string | null }[]) {
  const found = new Map<string, Meaning>();
  const names = new Map<string, string>();
  for (const { name, from } of sources) {
    if (from === null) continue;
    if (!names.has(from)) names.set(from, name);
    const meaning = meanings.get(from);
    if (meaning) found.set(name, meaning);
  }
  const field = bucket && names.get(bucket.field);
  return {
    meanings: found,
    bucket: bucket && field !== undefined && field !== null ? { ...bucket, field } : null,
    order: order?.flatMap((one) => (names.has(one.field) ? [{ ...one, field: names.get(one.field) ?? "" }] : [])) ?? null,
  };
}

/** The column that an expression is, and nothing but it. */
export function columnOf(expression: Expression): string | null {
  return expression.kind === "column" ? expression.name : null;
}
