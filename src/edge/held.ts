/** The memory that the bodies of one isolate take together: beyond it senders are told to come again. */
import { Problem } from "../problem.ts";

const HELD_BYTES_MAX = 64 * 1_048_576;
/** What large bodies may take of it: a few slow ones must not shut everybody out. */
const LARGE_HELD_BYTES_MAX = 48 * 1_048_576;

let heldBytes = 0;
let largeHeldBytes = 0;

/** What one request holds. */
export interface Held {
  /** @throws Problem `overloaded` when it would not fit beside what is held already. */
  hold(bytes: number): void;
  /** The body has proved to be a large one: all that it holds counts as that. @throws Problem `overloaded` */
  becomeLarge(): void;
  release(bytes: number): void;
  releaseAll(): void;
}

export function openHeld(): Held {
  let mine = 0;
  let large = false;
  const release = (bytes: number): void => {
    heldBytes -= bytes;
    mine -= bytes;
    if (large) largeHeldBytes -= bytes;
  };
  return {
    hold(bytes) {
      if (heldBytes + bytes > HELD_BYTES_MAX || (large && largeHeldBytes + bytes > LARGE_HELD_BYTES_MAX)) throw full();
      heldBytes += bytes;
      mine += bytes;
      if (large) largeHeldBytes += bytes;
    },
    becomeLarge() {
      if (largeHeldBytes + mine > LARGE_HELD_BYTES_MAX) throw full();
      large = true;
      largeHeldBytes += mine;
    },
    release,
    releaseAll: () => release(mine),
  };
}

function full(): Problem {
  return new Problem("overloaded", "this location holds as many bodies as it can; send again in a second");
}
