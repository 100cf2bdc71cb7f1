/** Of what a query may hold, what one operator has taken: whether there was room is known of each by itself. */
import type { Budget } from "../aggregates/budget.ts";

export function openShare(whole: Budget): Budget {
  let isCut = false;
  let held = 0;
  return {
    take(bytes) {
      if (!whole.take(bytes)) {
        isCut = true;
        return false;
      }
      held += bytes;
      return true;
    },
    giveBack(bytes) {
      held -= bytes;
      whole.giveBack(bytes);
    },
    get isCut() {
      return isCut;
    },
    get heldBytes() {
      return held;
    },
  };
}
