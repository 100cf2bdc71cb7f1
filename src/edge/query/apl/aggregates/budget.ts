/** What the parts of one query hold in memory, taken together. Sizes are estimates from above, by what V8 needs for such values. */
import type { Value } from "../value.ts";

/** Leaves room for the portion of events that is being read, in a query that may have 64 MiB. */
export const HELD_BYTES_MAX = 40 * 1024 * 1024;

export interface Budget {
  /** False: there is no room for it, and from now on the query's answer is partial. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  /** Something has found no room. */
  readonly isCut: boolean;
  readonly heldBytes: number;
}

export function openBudget(bytesMax = HELD_BYTES_MAX): Budget {
  let held = 0;
  let isCut = false;
  return {
    take(bytes) {
      if (held + bytes > bytesMax) {
        isCut = true;
        return false;
      }
      held += bytes;
      return true;
    },
    giveBack(bytes) {
      held -= bytes;
    },
    get isCut() {
      return isCut;
    },
    get heldBytes() {
      return held;
    },
  };
}

const REFERENCE_BYTES = 8;
const NUMBER_BYTES = 16;
const STRING_BYTES = 24;
const OBJECT_BYTES = 48;

export function bytesOf(value: Value): number {
  if (typeof value === "string") return REFERENCE_BYTES + STRING_BYTES + 2 * value.length;
  if (typeof value === "number") return REFERENCE_BYTES + NUMBER_BYTES;
  if (typeof value !== "object" || value === null) return REFERENCE_BYTES;
  let bytes = REFERENCE_BYTES + OBJECT_BYTES;
  if (Array.isArray(value)) for (const element of value) bytes += bytesOf(element);
  else for (const [name, member] of Object.entries(value)) bytes += bytesOf(name) + bytesOf(member);
  return bytes;
}
