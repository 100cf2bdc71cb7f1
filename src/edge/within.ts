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

const LOOK_EVERY_MS = 25;

/** Looks again and again whether another request has left what this one waits for, for at most `ms`. Its promise is not ours to wait for. */
export async function untilSeen(ms: number, seen: () => boolean): Promise<void> {
  for (let waited = 0; waited < ms && !seen(); waited += LOOK_EVERY_MS) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
