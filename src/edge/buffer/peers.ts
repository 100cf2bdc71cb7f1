/** The other shards of a dataset: what they know of an append that may have come to them first. */
import { type StorageEnv, storageSettingsOf } from "../storage-env.ts";
import type { Route } from "./buffer.ts";
import { elders, type Layouts, learn, prune } from "./layouts.ts";
import * as log from "./log.ts";
import type { Appended, Destination } from "./segment.ts";
import { bufferOf, shardOf } from "./shard.ts";

export class Peers {
  #sql: SqlStorage;
  #env: StorageEnv;
  #layouts: Layouts = new Map();
  /** By number of shards: when this shard last asked about it, and when shard 0 last told the others. */
  #confirmedAt = new Map<number, number>();
  #toldAt = new Map<number, number>();
  /** The largest number there ever was, as far as shard 0 knows: it is asked by every shard that is used. */
  most: number;

  constructor(sql: SqlStorage, env: StorageEnv, now: number) {
    this.#sql = sql;
    this.#env = env;
    // when they were last used is not kept: from a start on, each counts for a whole window
    learn(this.#layouts, log.readMeta<number[]>(sql, "layouts") ?? [], now);
    this.most = log.readMeta(sql, "most") ?? 1;
  }

  /**
   * Whether an append is new to the whole dataset. `busy`: it is being stored elsewhere at this moment. Answers at once while one number
   * of shards is all there is.
   */
  ask(destination: Destination, id: Uint8Array, packed: string, route: Route, windowMs: number): "new" | Promise<Appended | "new"> {
    const now = Date.now();
    const { shards } = route;
    if (this.#layouts.size !== 1 || now - this.#confirmed(shards) > windowMs / 2)
      return this.#askOthers(destination, id, packed, route, windowMs, now);
    this.#layouts.set(shards, now);
    return "new";
  }

  async #askOthers(
    destination: Destination,
    id: Uint8Array,
    packed: string,
    { shard, shards }: Route,
    windowMs: number,
    now: number,
  ): Promise<Appended | "new"> {
    if (now - this.#confirmed(shards) > windowMs / 2) {
      const first = shard === 0 ? this : bufferOf(this.#env, destination, 0);
      this.learn(await first.layouts(destination, shards), now);
      this.#confirmedAt.set(shards, now);
    }
    this.#layouts.set(shards, now);
    if (prune(this.#layouts, shards, now, windowMs)) this.#write();
    const others = new Set(elders(this.#layouts, shards, now, windowMs).map((number) => shardOf(id, number)));
    others.delete(shard);
    const answers = await Promise.all([...others].map((other) => bufferOf(this.#env, destination, other).recallFor(packed)));
    return answers.find((answer) => answer !== "new") ?? "new";
  }

  #confirmed(shards: number): number {
    return this.#confirmedAt.get(shards) ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * What shard 0 is asked, again and again while a number is in use: it tells all shards, and answers which others are. So no append
   * is taken under a number before those that other numbers would choose know of it.
   */
  async layouts(destination: Destination, shards: number): Promise<number[]> {
    const now = Date.now();
    const { windowMs } = storageSettingsOf(this.#env).dedupe;
    if (now - (this.#toldAt.get(shards) ?? Number.NEGATIVE_INFINITY) > windowMs / 2) {
      const most = Math.max(shards, ...this.#layouts.keys());
      const peers = Array.from({ length: most - 1 }, (_, index) => bufferOf(this.#env, destination, index + 1));
      await Promise.all(peers.map((peer) => peer.learnLayouts([shards])));
      if (shards > this.most) {
        this.most = shards;
        log.writeMeta(this.#sql, "most", shards);
      }
      this.learn([shards], now);
      this.#toldAt.set(shards, now);
    }
    return [shards, ...elders(this.#layouts, shards, now, windowMs)];
  }

  learn(numbers: number[], now: number): void {
    if (learn(this.#layouts, numbers, now)) this.#write();
  }

  #write(): void {
    log.writeMeta(this.#sql, "layouts", [...this.#layouts.keys()]);
  }
}
