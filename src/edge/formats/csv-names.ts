/** The names of CSV columns, from a header record or from the request. */
import { Problem, type Reason } from "../../problem.ts";

export const CSV_COLUMNS_MAX = 1024;
/** Axiom's limit on the name of a field, in bytes of UTF-8. */
export const CSV_NAME_BYTES_MAX = 200;

const encoder = new TextEncoder();

/** @throws Problem `parameter-invalid` */
export function namesOf(fields: string[]): string[] {
  checkCount(fields.length, "parameter-invalid");
  return checkedNames(fields, "parameter-invalid");
}

/** The names without white space around them. @throws Problem when one is empty, too long or there twice. */
export function checkedNames(fields: string[], reason: Reason): string[] {
  const names = fields.map((field) => field.trim());
  const seen = new Set<string>();
  for (const [column, name] of names.entries()) {
    const where = `the name of CSV column ${column + 1}`;
    if (name === "") throw new Problem(reason, `${where} is empty; name every column`);
    if (seen.has(name)) throw new Problem(reason, `${where} is that of an earlier one; name each differently`);
    if (encoder.encode(name).length > CSV_NAME_BYTES_MAX)
      throw new Problem(reason, `${where} is too long; use at most ${CSV_NAME_BYTES_MAX} bytes`);
    seen.add(name);
  }
  return names;
}

/** Before any work that grows with the columns. */
export function checkCount(columns: number, reason: Reason): void {
  if (columns > CSV_COLUMNS_MAX) throw new Problem(reason, `the CSV has ${columns} columns; send at most ${CSV_COLUMNS_MAX}`);
}
