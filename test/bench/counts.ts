/** What the platform would bill a region for, counted by counting-edge.ts and counting-storage.ts since they started. */
export interface Counts {
  workerRequests: number;
  /** Calls of a Durable Object, its alarms included. */
  objectRequests: number;
  /** Milliseconds in which an object had something to do. */
  objectMs: number;
  /** As the cursors of SQLite say, and one for each alarm that was set. */
  rowsWritten: number;
  rowsRead: number;
  /** R2 operations of class A and of class B. */
  bucketWrites: number;
  bucketReads: number;
  kvReads: number;
}

/** Where a counting edge tells them. */
export const COUNTS_PATH = "/bench/counts";

export const NO_COUNTS: Counts = {
  workerRequests: 0,
  objectRequests: 0,
  objectMs: 0,
  rowsWritten: 0,
  rowsRead: 0,
  bucketWrites: 0,
  bucketReads: 0,
  kvReads: 0,
};
