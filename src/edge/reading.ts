/** One read of a request's body, which must not wait for ever. */
import { Problem } from "../problem.ts";

/** A sender that sends nothing for so long is given up; it would hold its share of the memory for ever. */
const STALL_MAX_MS = 20_000;
/** Large bodies are read through windows of this size; the idiomatic chunk loop costs more than parsing. */
export const WINDOW_BYTES = 65_536;

/** The next bytes, in the window's memory, which is not to be used through the old view any more. May carry bytes and the end at once. */
export function readWindow(reader: ReadableStreamBYOBReader, window: Uint8Array): Promise<ReadableStreamReadResult<Uint8Array>> {
  return inTime(reader.readAtLeast(WINDOW_BYTES, window));
}

/** @throws Problem `overloaded`, which a sender repeats, and `body-invalid` when the connection ends early. */
export async function inTime<T>(read: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Problem("overloaded", `nothing of the body came for ${STALL_MAX_MS / 1_000} s; send it again`)),
      STALL_MAX_MS,
    );
  });
  try {
    return await Promise.race([read, late]);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("body-invalid", "the connection ended before the whole body was there; send it again");
  } finally {
    clearTimeout(timer);
  }
}
