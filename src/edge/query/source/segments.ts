/**
 * The segments of a dataset for one query, each once, whatever is flushed meanwhile.
 *
 * First all shards tell what is not in the bucket yet; after the last answer the bucket is listed. A segment goes one way only: from
 * its shard's log into an object under its id, which is put before the log drops it. So at its shard's answer it was either in the
 * log, and is told of, or in the bucket, where the list finds it. One that is flushed in between is found in both and taken once, by
 * its id. An append is in one segment. One that was acknowledged before the query began was committed before its shard answered, and so
 * is within the bytes that the answer tells; what is appended behind them is left out. One that was staged is in the bucket since
 * before it was acknowledged. An answer leaves the object when what it tells of is durable.
 */
import { Problem } from "../../../problem.ts";
import type { Unflushed } from "../../buffer/reading.ts";
import type { Destination, Tally } from "../../buffer/segment.ts";
import { type BufferEnv, bufferOf, buffersOf } from "../../buffer/shard.ts";
import type { Account } from "./account.ts";
import { readObjectPart, segmentsFrom } from "./bucket.ts";
import { readAhead } from "./read-ahead.ts";

/** A segment as far as a query reads it. */
export interface Block extends Tally {
  id: string;
  /** The shard that held it when the query began; null: the bucket. */
  held: number | null;
}

/** What it takes to read. */
export interface Stores {
  env: BufferEnv & { SEGMENTS: R2Bucket };
  /** Into how many shards the edge spreads a dataset; those that there ever were are read in any case. */
  shards: number;
  /** Epoch milliseconds. */
  clock: () => number;
}

/** A part of a block. */
export interface Piece {
  block: Block;
  /** Null: the block is gone, taken away by retention or with its dataset. */
  bytes: Uint8Array | null;
  last: boolean;
}

/** Of `_time`, microseconds of the epoch: from, inclusive, to, exclusive. */
export interface Range {
  from: number;
  to: number;
}

/** Bytes of one piece, and how many are fetched ahead: both together bound what is held of compressed bytes. */
export const PIECE_BYTES = 2_000_000;
const PIECES_AHEAD = 4;
/** Tries of a call to a shard. */
const TRIES = 2;

/**
 * Pieces of all blocks that may hold events of a range, block by block, the newest first.
 * @throws Problem `store-unavailable`, `overloaded`
 */
export function piecesOf(destination: Destination, range: Range, stores: Stores, account: Account): AsyncGenerator<Piece, void, undefined> {
  const { env } = stores;
  async function* jobs() {
    for await (const block of blocksOf(destination, range, stores, account)) {
      if (!account.takeBytes(block.bytes)) return;
      for (let from = 0; from < block.bytes; from += PIECE_BYTES) {
        if (!account.takeCall()) return;
        yield { block, from, to: Math.min(from + PIECE_BYTES, block.bytes) };
      }
    }
  }
  return readAhead(
    jobs(),
    async ({ block, from, to }) => ({ block, bytes: await partOf(block, from, to), last: to === block.bytes }),
    PIECES_AHEAD,
  );

  async function partOf({ id, held }: Block, from: number, to: number): Promise<Uint8Array | null> {
    const part = held === null ? null : await asked<Uint8Array | null>(() => bufferOf(env, destination, held).readUnflushed(id, from, to));
    // once it has left the log it is in the bucket, with the same bytes in the same places
    return part ?? readObjectPart(env.SEGMENTS, destination, id, from, to);
  }
}

async function* blocksOf(destination: Destination, range: Range, stores: Stores, account: Account): AsyncGenerator<Block, void, undefined> {
  const { env } = stores;
  const shards = await asked(() => buffersOf(env, destination, stores.shards));
  const tellsOf = async (shard: number) => {
    const unflushed = await asked<Unflushed[]>(() => bufferOf(env, destination, shard).unflushed());
    return unflushed.map((each) => ({ ...each, held: shard }));
  };
  const held = await Promise.all(shards.map((_, shard) => tellsOf(shard)));
  const known = new Set<string>();
  for (const block of held.flat().reverse()) {
    known.add(block.id);
    if (mayHold(block, range)) yield block;
  }
  const ms = { from: range.from / 1_000, to: range.to / 1_000 };
  for await (const segment of segmentsFrom(env.SEGMENTS, destination, ms, stores.clock(), account))
    if (!known.has(segment.id) && mayHold(segment, range)) yield { ...segment, held: null };
}

function mayHold(tally: Tally, { from, to }: Range): boolean {
  // whole milliseconds: an event may be up to one later than the latest time says
  return (tally.maxTime + 1) * 1_000 > from && tally.minTime * 1_000 < to;
}

/** Whether each event of a block is in a range. */
export function isWithin({ minTime, maxTime }: Tally, { from, to }: Range): boolean {
  return minTime * 1_000 >= from && (maxTime + 1) * 1_000 <= to;
}

/** `ask` takes a new stub each time: one that has failed may stay broken. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await ask();
    } catch (error) {
      const { overloaded, retryable } = error as { overloaded?: boolean; retryable?: boolean };
      if (overloaded) throw new Problem("overloaded", "the dataset's buffer is busy; send the query again in a second");
      if (left > 0 && retryable) continue;
      console.error("buffer unreachable", String(error));
      throw new Problem("store-unavailable", "the dataset's buffer cannot be reached right now; send the query again");
    }
  }
}
