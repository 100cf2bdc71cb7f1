/**
 * Commits on their way to whoever watches the dataset live. No append waits for anything here: what is shown is durable and answered
 * already, one portion is under way at a time, and what comes meanwhile and does not fit is dropped, the oldest first, and counted.
 */
import type { Entry } from "./commit.ts";
import type { Destination } from "./segment.ts";

/** Bytes, inflated, that wait for the next portion: what showing them costs. One append that is more is shown alone. */
export const PORTION_RAW_BYTES_MAX = 1_000_000;
/** Bytes that an append may inflate to and still be shown. */
export const PIECE_RAW_BYTES_MAX = 4_000_000;
/** Time between two portions: bounds what a busy buffer spends on being watched. */
const PORTIONS_APART_MS = 200;

/** The lines of one append. */
export interface Piece {
  body: Uint8Array;
  gzip: boolean;
  rows: number;
  rawBytes: number;
  /** Where they are stored, and the number of the first in it. */
  segment: string;
  first: number;
}

/** In the order of their commits. */
export interface Portion {
  pieces: Piece[];
  /** Events that were left out before them. */
  dropped: number;
}

/** Where the events of a commit stand. */
export interface Placed {
  segment: string;
  first: number;
}

/** Who wants to see them, and until when unless they ask again; epoch milliseconds. */
export interface Lease {
  destination: Destination;
  until: number;
}

export interface WatchedOptions {
  /** As it was left by an instance before this one. */
  lease: Lease | null;
  /** @returns whether anybody watches. */
  show(destination: Destination, portion: Portion): Promise<boolean>;
  /** Nobody watches any more. */
  ended(): void;
  clock(): number;
}

export interface Watched {
  watch(lease: Lease): void;
  /** To be called when they are durable. Costs one comparison while nobody watches. */
  committed(group: readonly Entry[], placed: Placed | null): void;
}

export function openWatched({ lease: left, show, ended, clock }: WatchedOptions): Watched {
  let lease = left;
  let waiting: Piece[] = [];
  let bytes = 0;
  let dropped = 0;
  let isShowing = false;

  function end(): void {
    lease = null;
    [waiting, bytes, dropped] = [[], 0, 0];
    ended();
  }

  async function run(): Promise<void> {
    isShowing = true;
    while (lease && (waiting.length > 0 || dropped > 0)) {
      const portion = { pieces: waiting, dropped };
      [waiting, bytes, dropped] = [[], 0, 0];
      const asked: Lease = lease;
      try {
        const isWatched = await show(lease.destination, portion);
        // somebody may have come since that was said
        if (!isWatched && lease === asked) end();
      } catch (error) {
        console.warn("events not shown", asked.destination.datasetId, String(error));
        dropped += portion.dropped + portion.pieces.reduce((sum, { rows }) => sum + rows, 0);
        break; // the next commit tries again
      }
      await new Promise((resolve) => setTimeout(resolve, PORTIONS_APART_MS));
    }
    isShowing = false;
  }

  return {
    watch(renewed) {
      lease = renewed;
    },
    committed(group, placed) {
      if (lease === null) return;
      if (clock() > lease.until) return end();
      let first = placed?.first ?? 0;
      for (const { append } of group) {
        if (!append) continue;
        // staged: its events are in the bucket and never come here
        const isHere = append.body.length > 0;
        if (isHere && placed && append.rawBytes <= PIECE_RAW_BYTES_MAX) {
          const { body, gzip, rows, rawBytes } = append;
          waiting.push({ body, gzip, rows, rawBytes, segment: placed.segment, first });
          bytes += rawBytes;
        } else dropped += append.rows;
        if (isHere) first += append.rows;
      }
      while (bytes > PORTION_RAW_BYTES_MAX && waiting.length > 1) {
        const oldest = waiting.shift();
        bytes -= oldest?.rawBytes ?? 0;
        dropped += oldest?.rows ?? 0;
      }
      if (!isShowing) void run();
    },
  };
}
