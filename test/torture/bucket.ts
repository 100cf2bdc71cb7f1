/** A bucket some of whose writes fail: before their effect, as when it is down, or after it, as when only the answer is lost. */

/** How many of 100 writes fail; asked anew for each. Half of them before, half after their effect. */
export type FailuresPercent = () => number;

/** Begins the line that each failure leaves in the log, where whoever drives the run counts them. */
export const FAILURE_MARK = "torture:";

/** Of a bucket, and of an upload in parts. */
const MAY_FAIL = new Set<unknown>(["put", "createMultipartUpload", "uploadPart", "complete"]);

export function failingBucket(bucket: R2Bucket, percent: FailuresPercent): R2Bucket {
  return failing(bucket, percent);
}

function failing<T extends object>(real: T, percent: FailuresPercent): T {
  return new Proxy(real, {
    get(_, name) {
      const member: unknown = Reflect.get(real, name, real);
      if (typeof member !== "function") return member;
      const call = member.bind(real) as (...args: unknown[]) => unknown;
      if (name === "resumeMultipartUpload") return (...args: unknown[]) => failing(call(...args) as object, percent);
      return MAY_FAIL.has(name) ? sometimes(String(name), call, percent) : call;
    },
  });
}

function sometimes(name: string, call: (...args: unknown[]) => unknown, percent: FailuresPercent) {
  return async (...args: unknown[]) => {
    const share = percent() / 100;
    const drawn = Math.random();
    if (drawn < share / 2) throw failure(`${name} failed before its effect`);
    const result = await call(...args);
    if (drawn < share) throw failure(`the answer of ${name} was lost`);
    return name === "createMultipartUpload" ? failing(result as object, percent) : result;
  };
}

function failure(what: string): Error {
  console.error(FAILURE_MARK, what);
  return new Error(what);
}
