/** The memory that the bodies of one isolate take together: beyond it senders are told to come again. */
import { Problem } from "../problem.ts";

const HELD_BYTES_MAX = 64 * 1_048_576;

let heldBytes = 0;

/** What one request holds. */
export interface Held {
  /** @throws Problem `overloaded` when it would not fit beside what is held already. */
  hold(bytes: number): void;
  release(bytes: number): void;
  releaseAll(): void;
}

export function openHeld(): Held {
  let mine = 0;
  const release = (bytes: number): void => {
    heldBytes -= bytes;
    mine -= bytes;
  };
  return {
    hold(bytes) {
      if (heldBytes + bytes > HELD_BYTES_MAX)
        throw new Problem("overloaded", "this location holds as many bodies as it can; send again in a second");
      heldBytes += bytes;
      mine += bytes;
    },
    release,
    releaseAll: () => release(mine),
  };
}
