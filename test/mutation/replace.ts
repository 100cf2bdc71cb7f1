/** One source file with another text, in memory only: whatever becomes of a run, the files are as they were. */
import type { Plugin } from "vitest/config";

interface Replaced {
  /** Absolute. */
  file: string;
  text: string;
  /** Whether any test has loaded it. */
  loaded: boolean;
}

/** Of this process. Vitest loads its configuration, and this module with it, a second time: hence not a variable of the module. */
const PLACE = Symbol.for("headgate.mutation");

function place(): { replaced: Replaced | null } {
  const all = globalThis as unknown as Record<symbol, { replaced: Replaced | null } | undefined>;
  all[PLACE] ??= { replaced: null };
  return all[PLACE];
}

/** Null: every file as it is. */
export function replace(replaced: Replaced | null): void {
  place().replaced = replaced;
}

export function replacing(): Plugin {
  return {
    name: "headgate:mutation",
    enforce: "pre",
    load(id) {
      const { replaced } = place();
      if (!replaced || id.split("?")[0] !== replaced.file) return undefined;
      replaced.loaded = true;
      return replaced.text;
    },
  };
}
