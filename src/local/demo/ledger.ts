/** What was sent and what came back, as one hash and one count per sequence number: an account of any length in little memory. */
import { createHash } from "node:crypto";
import type { Event } from "./batches.ts";

const HASH_BYTES = 12;
const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

export interface Ledger {
  hashes: Buffer[];
  /** How often each came back. */
  seen: Uint32Array;
  problems: string[];
}

export interface Verdict {
  sent: number;
  equal: number;
  missing: number;
  repeated: number;
  /** Came back, but not as sent; or never sent. */
  different: string[];
}

export function newLedger(): Ledger {
  return { hashes: [], seen: new Uint32Array(0), problems: [] };
}

export function noteSent(ledger: Ledger, seq: number, event: Event): void {
  ledger.hashes[seq] = hashOf(event);
}

/** A line of a segment: it must be an event that was sent, member for member, with `_sysTime` and nothing else besides. */
export function noteStored(ledger: Ledger, line: string): void {
  if (ledger.seen.length === 0) ledger.seen = new Uint32Array(ledger.hashes.length);
  const { _sysTime, ...event } = JSON.parse(line) as Event;
  const seq = Number(event["seq"]);
  const expected = ledger.hashes[seq];
  if (!expected || !RFC3339.test(String(_sysTime)) || !expected.equals(hashOf(event))) ledger.problems.push(line);
  else ledger.seen[seq] = (ledger.seen[seq] ?? 0) + 1;
}

export function verdictOf({ hashes, seen, problems }: Ledger): Verdict {
  let equal = 0;
  let repeated = 0;
  for (const count of seen) {
    if (count > 0) equal++;
    if (count > 1) repeated++;
  }
  return { sent: hashes.length, equal, missing: hashes.length - equal, repeated, different: problems };
}

/** Of all members by name, whatever their order; a time counts as its instant, however it is spelled. */
function hashOf(event: Event): Buffer {
  const members = Object.entries({ ...event, _time: instantOf(String(event["_time"])) }).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(members)).digest().subarray(0, HASH_BYTES);
}

/** Nanoseconds since the epoch, as text; the text itself when it is no time. */
function instantOf(time: string): string {
  const match = RFC3339.exec(time);
  if (!match) return time;
  return `${Date.parse(`${match[1]}${match[3]}`) / 1_000}.${(match[2] ?? "").padEnd(9, "0")}`;
}
