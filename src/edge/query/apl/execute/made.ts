/** How many rows a query makes of others, by `join` and `mv-expand`. A few of these can make billions of one row, and no memory is needed for it. */

import type { Meter } from "../meter.ts";

/** Of a few seconds' work. */
export const MADE_ROWS_MAX = 5_000_000;
/** Of work, to make one. */
const ROW_UNITS = 10;

/** True as long as one more may be made. */
export function openMaking(most: number, meter: Meter): () => boolean {
  let made = 0;
  return () => {
    if (made >= most) return false;
    made++;
    meter.spend(ROW_UNITS);
    return true;
  };
}
