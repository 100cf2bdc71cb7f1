/** Answers of both engines in one form, and what is different between two. */

/** JSON, except that times and lengths of time are told from numbers. */
export type Cell = unknown;

export interface Result {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Accepted {
  /** Rows have to be in the same order. */
  readonly ordered?: boolean;
  /** How far two numbers may be from each other, as a share of the larger one. */
  readonly tolerance?: number;
}

/** Sums of the same numbers in another order differ in their last digits. */
const TOLERANCE_DEFAULT = 1e-9;

export function time(microseconds: number): Cell {
  return { time: microseconds };
}

export function span(microseconds: number): Cell {
  return { span: microseconds };
}

/** Whatever DuckDB calls a list, a struct, a whole or a decimal number. */
export function plain(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  if ("items" in value && Array.isArray(value.items)) return value.items.map(plain);
  if ("entries" in value && typeof value.entries === "object") return plain(value.entries);
  if ("scale" in value && "value" in value) return Number(value.value) / 10 ** Number(value.scale);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

/** Null: nothing is different. */
export function difference(found: Result, right: Result, { ordered = false, tolerance = TOLERANCE_DEFAULT }: Accepted): string | null {
  if (JSON.stringify(found.columns) !== JSON.stringify(right.columns))
    return `columns ${JSON.stringify(found.columns)}, but SQL has ${JSON.stringify(right.columns)}`;
  const [mine, theirs] = [found, right].map(({ rows }) => (ordered ? rows : sorted(rows))) as [Result["rows"], Result["rows"]];
  for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
    if (mine[i] === undefined || theirs[i] === undefined || !alike(mine[i], theirs[i], tolerance))
      return `row ${i} of ${mine.length}: ${show(mine[i])}\n but SQL, of ${theirs.length}: ${show(theirs[i])}`;
  }
  return null;
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === "number" && !Number.isFinite(one) ? String(one) : one)) ?? "none";
}

function alike(a: Cell, b: Cell, tolerance: number): boolean {
  if (typeof a === "number" && typeof b === "number") return a === b || (Number.isNaN(a) && Number.isNaN(b)) || near(a, b, tolerance);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, Cell>, b as Record<string, Cell>];
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => name in right && alike(left[name], right[name], tolerance));
}

/** Whole numbers are the same or they are not, where no tolerance is asked for. */
function near(a: number, b: number, tolerance: number): boolean {
  if (tolerance === TOLERANCE_DEFAULT && Number.isInteger(a) && Number.isInteger(b)) return false;
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

/** By what is exact, then by what may differ a little. */
function sorted(rows: Result["rows"]): Result["rows"] {
  const keyed = rows.map((row) => ({ row, exact: exactText(row) }));
  keyed.sort((a, b) => (a.exact < b.exact ? -1 : a.exact > b.exact ? 1 : inexactly(a.row, b.row)));
  return keyed.map(({ row }) => row);
}

function inexactly(a: readonly Cell[], b: readonly Cell[]): number {
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (typeof one === "number" && typeof other === "number" && one !== other) return one - other;
  }
  return 0;
}

function exactText(row: readonly Cell[]): string {
  return JSON.stringify(row, (_, one: unknown) => (typeof one === "number" && !Number.isInteger(one) ? "broken" : one));
}
