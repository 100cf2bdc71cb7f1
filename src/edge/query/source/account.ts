/** What a query has read, and when it has read enough. One account for all scans of a query. */

/** Compressed bytes that one query reads, and how long it goes on: less than a client waits and than the platform lets a Worker compute. */
export const READ_BYTES_MAX = 512_000_000;
export const RUN_MS_MAX = 20_000;
/** Requests to the bucket of one query; the platform allows 10,000 of all kinds. */
export const BUCKET_CALLS_MAX = 5_000;

/** For the reply. Times are epoch milliseconds of events; null: nothing was read. */
export interface Examined {
  rowsExamined: number;
  /** Segments that something was read of. */
  blocksExamined: number;
  minBlockTime: number | null;
  maxBlockTime: number | null;
  /** Whether there was more that could have mattered. */
  isPartial: boolean;
  messages: readonly string[];
}

export interface Limits {
  readBytesMax: number;
  runMsMax: number;
  bucketCallsMax: number;
}

export interface Account {
  /** Whether there is room for so many more compressed bytes; they are then taken. False is final. */
  takeBytes(bytes: number): boolean;
  /** Whether one more request to the bucket may be made. False is final. */
  takeCall(): boolean;
  /** Whether there is time left, so far as the clock tells: it stands still while a Worker computes and goes on with what it reads. */
  hasTime(): boolean;
  /** A segment that something was read of. */
  block(minTime: number, maxTime: number): void;
  rows(count: number): void;
  /** Something is missing, for this reason. */
  cut(message: string): void;
  examined(): Examined;
}

export const LIMITS: Limits = { readBytesMax: READ_BYTES_MAX, runMsMax: RUN_MS_MAX, bucketCallsMax: BUCKET_CALLS_MAX };

const NARROWER = "; newest events come first: ask for a shorter time range";

export function openAccount(clock: () => number, limits: Limits = LIMITS): Account {
  const began = clock();
  let [bytes, calls, rowsExamined, blocksExamined] = [0, 0, 0, 0];
  let minBlockTime = Number.POSITIVE_INFINITY;
  let maxBlockTime = Number.NEGATIVE_INFINITY;
  const messages = new Set<string>();
  const within = (room: boolean, message: string) => {
    if (!room) messages.add(message + NARROWER);
    return room;
  };
  return {
    takeBytes(more) {
      const room = within(bytes + more <= limits.readBytesMax, `the query stopped at ${limits.readBytesMax / 1e6} MB of compressed events`);
      bytes = room ? bytes + more : limits.readBytesMax;
      return room;
    },
    takeCall: () => within(calls++ < limits.bucketCallsMax, `the query stopped after ${limits.bucketCallsMax} requests to the bucket`),
    hasTime: () => within(clock() - began < limits.runMsMax, `the query stopped after ${limits.runMsMax / 1_000} s`),
    block(minTime, maxTime) {
      blocksExamined++;
      minBlockTime = Math.min(minBlockTime, minTime);
      maxBlockTime = Math.max(maxBlockTime, maxTime);
    },
    rows: (count) => {
      rowsExamined += count;
    },
    cut: (message) => {
      messages.add(message);
    },
    examined: () => ({
      rowsExamined,
      blocksExamined,
      minBlockTime: Number.isFinite(minBlockTime) ? minBlockTime : null,
      maxBlockTime: Number.isFinite(maxBlockTime) ? maxBlockTime : null,
      isPartial: messages.size > 0,
      messages: [...messages],
    }),
  };
}
