/** Does some jobs ahead of whoever takes their results, so that the network and the processor work at the same time. */

/**
 * Results in the order of the jobs, at most `most` of them under way or waiting. A job that fails is thrown where its result would have come.
 * When whoever takes them stops, no further job is begun.
 */
export async function* readAhead<Job, Result>(
  jobs: AsyncGenerator<Job, void, undefined>,
  run: (job: Job) => Promise<Result>,
  most: number,
): AsyncGenerator<Result, void, undefined> {
  const waiting: Promise<{ result: Result } | null>[] = [];
  let ended = false;
  const begin = () => {
    // a generator answers calls of `next` in their order, also those that come while it is at work
    const next = jobs.next().then(async (job) => {
      if (job.done || ended) return null;
      return { result: await run(job.value) };
    });
    next.catch(() => {}); // it is thrown when it is its turn
    waiting.push(next);
  };
  try {
    while (waiting.length < most) begin();
    for (let next = await waiting.shift(); next; next = await waiting.shift()) {
      begin();
      yield next.result;
    }
  } finally {
    ended = true;
    await jobs.return();
  }
}
