/** Mutants that no test can kill, and why. Not judged; they count as survivors all the same. */

export interface Survivor {
  file: string;
  /** The lines as they are and as they become, as `npm run mutate` prints them. */
  was: string;
  is: string;
  /** Ends a sentence that begins "It survives because". */
  because: string;
}

export const SURVIVORS: Survivor[] = [];
