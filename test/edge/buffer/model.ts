/**
 * A buffer played through in memory, driven by the product's own decisions: a disk that survives, a memory that does not, a bucket, one
 * alarm, and a flush whose steps other things may come between. A mutant does one thing wrong, to show that the property would notice.
 */
import { openAppendId } from "../../../src/edge/buffer/append-id.ts";
import { objectKey, segmentId } from "../../../src/edge/buffer/object-key.ts";
import {
  committed,
  emptyState,
  emptyTally,
  flushed,
  isDue,
  isFull,
  nextDue,
  openSegment,
  packedId,
  recall,
  type Segment,
  type State,
} from "../../../src/edge/buffer/segment.ts";

export const MUTANTS = [
  "no duplicate is recognised",
  "a new key at each attempt",
  "a key from a counter",
  "dropped before it is put",
  "appends go into a sealed segment",
  "the seal is kept in memory only",
  "ids are dropped with their segment",
  "acknowledged before the commit",
  "the alarm is not set again after a failure",
  "the content under a key is not compared",
] as const;
export type Mutant = (typeof MUTANTS)[number];

export type Step =
  /** With the same id, another content is another batch under the same key. */
  | { do: "append"; id: number; content: number; end: "acknowledged" | "answer lost" | "crash before" | "crash after" }
  | { do: "wait"; ms: number }
  | { do: "flush" | "alarm" | "drop" | "crash" | "wipe" }
  | { do: "put"; end: "done" | "fails before" | "fails after" };

const SEGMENT_BYTES_MAX = 30;
const FLUSH_AFTER_MS = 20_000;
const RETRY_AFTER_MS = 1_000;
/** So many of the ids are a sender's keys. */
const KEYS = 4;
const MEMORY = { windowMs: 600_000, idsMax: 200_000 };
const DESTINATION = { org: "o", dataset: "d", datasetId: "i", region: "r" };

interface Disk {
  state: State;
  bodies: Map<number, string[]>;
  alarm: number | null;
  next: number;
}

/** @returns what was acknowledged, and what stands in the bucket once all alarms have come. */
export function play(steps: Step[], mutant?: Mutant): { acknowledged: Set<string>; stored: string[] } {
  const emptyDisk = (): Disk => ({ state: emptyState(), bodies: new Map(), alarm: null, next: 1 });
  const bucket = new Map<string, string[]>();
  const acknowledged = new Set<string>();
  let disk = emptyDisk();
  let memory = emptyState();
  let flight: { segment: Segment; put: boolean } | null = null;
  let now = 0;
  let retryAt = 0;
  let chance = 0;
  let wipes = 0;

  const newId = () => segmentId(now, new Uint8Array(10).fill(++chance));
  /** A transaction: the same change to disk and memory. */
  const both = (change: (state: State) => void) => [disk.state, memory].forEach(change);
  const numbered = (state: State, n: number) => state.segments.find((segment) => segment.n === n) as Segment;

  function arm(): void {
    const due = nextDue(memory, now, SEGMENT_BYTES_MAX, FLUSH_AFTER_MS);
    if (due === null) return;
    const at = Math.max(due, retryAt);
    if (disk.alarm === null || disk.alarm < now || disk.alarm > at) disk.alarm = at;
  }

  function crash(): void {
    memory = copyOfState(disk.state);
    flight = null;
    retryAt = 0;
    arm();
  }

  function seal(which: (segment: Segment) => boolean): void {
    for (const { n } of memory.segments.filter((segment) => !segment.sealed && which(segment))) {
      numbered(memory, n).sealed = true;
      if (mutant !== "the seal is kept in memory only") numbered(disk.state, n).sealed = true;
    }
  }

  /** Ids as the product makes them: of content, or of a key with a print of the content. */
  function idOf(number: number, content: number): string {
    const idempotencyKey = number < KEYS ? String(number) : null;
    const hash = openAppendId({ dedupe: "content", idempotencyKey, datasetId: String(wipes), shape: "" });
    hash.update(new Uint8Array([number, content]));
    const { id, print } = hash.close(true);
    return packedId(id, print);
  }

  function append(id: string, end: string): void {
    if (mutant === "acknowledged before the commit" && end !== "answer lost") acknowledged.add(id);
    if (end === "crash before") {
      crash();
      return;
    }
    const known = mutant === "no duplicate is recognised" ? "new" : recall(memory, id, now, MEMORY);
    if (known === "conflict" && mutant !== "the content under a key is not compared") return; // refused
    if (known === "new") {
      let n = (openSegment(memory, "events") ?? (mutant === "appends go into a sealed segment" ? memory.segments.at(-1) : undefined))?.n;
      if (n === undefined) {
        n = disk.next++;
        const opened = { ...emptyTally(), n, id: newId(), kind: "events" as const, createdAt: now, sealed: false, upload: null };
        both((state) => state.segments.push({ ...opened, ids: [] }));
        disk.bodies.set(n, []);
      }
      const into = n;
      disk.bodies.get(into)?.push(id);
      both((state) => committed(state, numbered(state, into), [id], { rows: 1, bytes: 10, rawBytes: 10, minTime: now, maxTime: now }));
      seal((segment) => isFull(segment, SEGMENT_BYTES_MAX));
      arm();
    }
    if (end === "crash after") crash();
    else if (end === "acknowledged") acknowledged.add(id);
  }

  function takeOff(): void {
    const segment = memory.segments.find(({ sealed }) => sealed);
    flight = segment ? { segment: copyOf(segment), put: false } : null;
    if (segment && mutant === "dropped before it is put") drop(segment);
    if (!segment) arm();
  }

  function put({ segment }: { segment: Segment }, end: string): boolean {
    if (end === "fails before") return false;
    const name = mutant === "a new key at each attempt" ? newId() : segment.id;
    const key = mutant === "a key from a counter" ? String(segment.n) : objectKey(DESTINATION, name);
    const there = bucket.get(key);
    if (!there) bucket.set(key, [...segment.ids]);
    // what stands there under this key must be as large
    return end !== "fails after" && (!there || there.length === segment.ids.length);
  }

  function drop(segment: Segment): void {
    disk.bodies.delete(segment.n);
    both((state) => {
      flushed(state, numbered(state, segment.n) ?? segment, now, MEMORY);
      if (mutant === "ids are dropped with their segment") for (const id of segment.ids) state.known.delete(id.slice(0, 32));
    });
  }

  function step(next: Step): void {
    if (next.do === "append") append(idOf(next.id, next.content), next.end);
    else if (next.do === "wait") now += next.ms;
    else if (next.do === "put") {
      if (!flight || flight.put) return;
      flight.put = put(flight, next.end);
      if (flight.put) return;
      flight = null;
      retryAt = now + RETRY_AFTER_MS;
      if (mutant !== "the alarm is not set again after a failure") arm();
    } else if (next.do === "crash") crash();
    else if (next.do === "wipe") {
      // what a restored or emptied database no longer knows is lost or sent again: only what is in the bucket counts from here on
      const safe = new Set([...bucket.values()].flat());
      for (const id of acknowledged) if (!safe.has(id)) acknowledged.delete(id);
      wipes++;
      disk = emptyDisk();
      crash();
    } else if (next.do === "drop") {
      if (!flight?.put) return;
      if (mutant !== "dropped before it is put") drop(flight.segment);
      retryAt = 0;
      takeOff();
    } else if (!flight && (next.do === "flush" || (disk.alarm !== null && disk.alarm <= now))) {
      if (next.do === "alarm") disk.alarm = null;
      seal((segment) => next.do === "flush" || isDue(segment, now, SEGMENT_BYTES_MAX, FLUSH_AFTER_MS));
      takeOff();
    }
  }

  for (const next of steps) step(next);
  // from here on everything works, but only an alarm starts anything
  for (let left = 100; left > 0 && (flight || disk.alarm !== null); left--) {
    now = flight ? now : Math.max(now, disk.alarm ?? 0);
    for (const next of ["alarm", "put", "drop"] as const) step(next === "put" ? { do: "put", end: "done" } : { do: next });
  }
  return { acknowledged, stored: [...bucket.values()].flat() };
}

/** By hand: structuredClone takes half the time of a history. */
function copyOfState(state: State): State {
  return { ...state, segments: state.segments.map(copyOf), known: new Map(state.known) };
}

function copyOf(segment: Segment): Segment {
  return { ...segment, ids: [...segment.ids] };
}
