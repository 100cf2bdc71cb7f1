/** Dynamic values beside each other. */
import type { Value } from "../value.ts";

/** By content: numbers, strings and truth values by themselves, arrays in order, objects by their members. Null equals nothing. */
export function equal(a: Value, b: Value): boolean {
  if (a === null || a === undefined) return false;
  if (a === b) return true;
  return typeof a === "object" && typeof b === "object" && b !== null && same(a, b);
}

/** As `equal`, except that nulls within are alike. */
function same(a: Value, b: Value): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((element: Value, i) => same(element, b[i] as Value));
  }
  const left = a as { readonly [member: string]: Value };
  const right = b as { readonly [member: string]: Value };
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && same(left[name], right[name]));
}

/** Below, at or above 0 as `a` comes before, with or after `b`; NaN: there is no order between them. Null has none, not with null either. */
export function order(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b || (a === b ? 0 : a < b ? -1 : a > b ? 1 : Number.NaN);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  return Number.NaN;
}
