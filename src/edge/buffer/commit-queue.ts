/** Group commit: whatever queues while one commit runs becomes the next one. */
import { randomBytes } from "node:crypto";
import { commit, type Entry, type Held, load } from "./commit.ts";
import { type Counters, type Counts, count, nameIn } from "./counts.ts";
import { segmentId } from "./object-key.ts";
import { COMMIT_APPENDS_MAX } from "./segment.ts";
import type { Placed } from "./watched.ts";

interface Waiting {
  entry: Entry;
  settle: { resolve(): void; reject(error: unknown): void };
}

export interface CommitQueueOptions {
  storage: DurableObjectStorage;
  segmentBytesMax: number;
  /** Called with each commit, before it is durable: what it sets becomes durable with it. */
  arm(): Promise<void>;
  /** Called with each commit once it is durable and answered, with where its events stand. */
  committed(group: readonly Entry[], placed: Placed | null): void;
  /** Ends the object, whose memory cannot be brought back to what the disk holds: the next call starts from the disk. */
  abort(reason: string): void;
}

export class CommitQueue {
  /** What the object knows. Anew after a commit that failed. */
  held: Held;
  #queue: Waiting[] = [];
  #committing = false;
  /** What was refused for want of room: counted with the next commit, since writing it down would need room too. */
  #turnedAway: Counters = new Map();
  #options: CommitQueueOptions;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.held = load(options.storage.sql);
  }

  /** Resolves when the entry's commit is durable. */
  add(entry: Entry): Promise<void> {
    const durable = new Promise<void>((resolve, reject) => this.#queue.push({ entry, settle: { resolve, reject } }));
    if (!this.#committing) void this.#run().catch((error) => this.#options.abort(String(error)));
    return durable;
  }

  turnAway(token: string, counts: Counts): void {
    count(this.#turnedAway, nameIn(this.#turnedAway, token), counts);
  }

  get hasTurnedAway(): boolean {
    return this.#turnedAway.size > 0;
  }

  async #run(): Promise<void> {
    this.#committing = true;
    const { storage, segmentBytesMax, arm, committed } = this.#options;
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, COMMIT_APPENDS_MAX);
      const turnedAway = [...this.#turnedAway].map(([token, counts]) => onlyCounted(token, counts));
      const now = Date.now();
      const settings = { now, segmentBytesMax, segmentId: () => segmentId(now, randomBytes(10)) };
      const added = group.map(({ entry }) => entry);
      const entries = [...added, ...turnedAway];
      try {
        const placed = storage.transactionSync(() => commit(storage.sql, this.held, entries, settings));
        this.#turnedAway.clear();
        // no await between the commit and the alarm: they become durable together
        const armed = arm();
        await Promise.all([armed, storage.sync()]);
        for (const { settle } of group) settle.resolve();
        committed(added, placed);
      } catch (error) {
        for (const { settle } of group) settle.reject(error);
        this.held = load(storage.sql);
      }
    }
    this.#committing = false;
  }
}

/** An entry that holds nothing to store. */
export function onlyCounted(token: string, counts: Counts): Entry {
  return { append: null, packed: "", token, counts, quarantineBytesMax: 0 };
}
