/** @throws Error when `work` has not come to its end in time; it goes on all the same. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const LOOK_FIRST_MS = 25;

/**
 * Looks now and then whether another request has left what this one waits for, for `ms` at most. Its promise is not ours to wait for.
 * @returns whether it was seen.
 */
export async function untilSeen(ms: number, seen: () => boolean): Promise<boolean> {
  // less and less often: a crowd that waits in vain must not keep the isolate busy with its timers
  for (let waited = 0, pause = LOOK_FIRST_MS; waited < ms && !seen(); waited += pause, pause *= 2)
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, ms - waited)));
  return seen();
}
