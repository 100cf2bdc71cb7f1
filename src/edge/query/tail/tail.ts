/**
 * Shows what comes to one dataset to whoever watches it. Its buffers tell it of their commits when these are durable and answered, and
 * only while somebody watches; an edge stands between it and each viewer, proves them anew and holds what they are slow to take. So
 * what is slow here or behind it delays no append. It may be put to sleep while its viewers wait: all that it has to know of them stands
 * in their WebSockets.
 */
import { DurableObject } from "cloudflare:workers";
import { asProblem, Problem } from "../../../problem.ts";
import { buffersOf } from "../../buffer/shard.ts";
import type { Portion } from "../../buffer/watched.ts";
import type { StorageEnv } from "../../storage-env.ts";
import { type Refused, readWatch, type Watch, writeFrame } from "../../tail/watch.ts";
import { QueryFault } from "../apl/fault.ts";
import { fieldsOf } from "../dataset-fields.ts";
import { faultProblem } from "../fault.ts";
import { type Channel, openChannel, type Said } from "./channel.ts";
import { type Lines, linesOf } from "./lines.ts";
import { EXAMINED_BYTES_PER_SECOND_MAX, framesOf, openRates, type Rates } from "./portion.ts";
import { readQuestion } from "./question.ts";
import { openRate } from "./rate.ts";

/** Of one dataset. */
export const VIEWERS_MAX = 100;
/** Characters of a query: it stands in its WebSocket's attachment. */
export const APL_LENGTH_MAX = 4_096;
/** For how long buffers tell of their commits without being asked again, and how often they are asked. */
const LEASE_MS = 600_000;
const RENEW_MS = 240_000;
const RENEW_AGAIN_MS = 15_000;

interface Shared {
  channel: Channel;
  rates: Rates;
}

export class Tail extends DurableObject<StorageEnv> {
  /** By form and query: whatever is not here is made from a viewer's attachment. */
  #channels = new Map<string, Shared>();
  /** What stands in the attachments, as far as it has been read. */
  #read = new WeakMap<WebSocket, Watch>();
  #examined = openRate(EXAMINED_BYTES_PER_SECOND_MAX, Date.now());

  /** A viewer, through their edge, which has made sure that they may. Answers with a WebSocket, or with why not. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const watch = readWatch(request);
      const { apl, destination } = watch;
      if (apl.length > APL_LENGTH_MAX)
        throw new Problem("query-invalid", `a live tail's query has at most ${APL_LENGTH_MAX} characters; this one has ${apl.length}`);
      // what is wrong with it is said now
      await this.#channelOf(watch);
      if (this.#viewers().length >= VIEWERS_MAX)
        throw new Problem("overloaded", `dataset ${destination.dataset} has ${VIEWERS_MAX} viewers; come again when one of them has left`);
      return new Response(null, { status: 101, webSocket: await this.#accept(watch) });
    } catch (thrown) {
      this.#prune();
      const { reason, message, members } = asProblem(thrown);
      return Response.json({ reason, detail: message, members } satisfies Refused);
    }
  }

  async #accept(watch: Watch): Promise<WebSocket> {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    // a viewer from here on, so that no buffer hears meanwhile that there is none
    this.ctx.acceptWebSocket(ours);
    ours.serializeAttachment(watch);
    try {
      await this.#renew(watch);
      return theirs;
    } catch (error) {
      ours.close(1011);
      console.error("buffers unreachable", watch.destination.datasetId, String(error));
      throw new Problem("store-unavailable", "the dataset cannot be watched right now; come again in a second");
    }
  }

  async #renew({ destination, shards }: Watch): Promise<void> {
    const now = Date.now();
    const buffers = await buffersOf(this.env, destination, shards);
    await Promise.all(buffers.map((buffer) => buffer.watch({ destination, until: now + LEASE_MS })));
    await this.ctx.storage.setAlarm(now + RENEW_MS);
  }

  /** Never throws: the runtime gives up on an alarm after a few failures. */
  override async alarm(): Promise<void> {
    const [viewer] = this.#viewers();
    if (!viewer) return;
    try {
      await this.#renew(viewer.watch);
    } catch (error) {
      console.error("buffers unreachable", viewer.watch.destination.datasetId, String(error));
      await this.ctx.storage.setAlarm(Date.now() + RENEW_AGAIN_MS);
    }
  }

  /** Shows events, in their order; a buffer waits for the answer before it comes with more. @returns whether anybody watches. */
  async show({ pieces, dropped }: Portion): Promise<boolean> {
    if (this.#viewers().length === 0) return false;
    const lines: Lines[] = [];
    let left = dropped;
    for (const piece of pieces) {
      try {
        lines.push(...linesOf(piece));
      } catch (error) {
        console.error("stored lines unreadable", piece.segment, String(error));
        left += piece.rows;
      }
    }
    for (const key of new Set(this.#viewers().map(({ watch }) => keyOf(watch)))) {
      await this.#showTo(key, lines, left);
      // lets the buffers that share this isolate go on
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return true;
  }

  async #showTo(key: string, lines: readonly Lines[], dropped: number): Promise<void> {
    const present = () => this.#viewers().filter(({ watch }) => keyOf(watch) === key);
    const [first] = present();
    if (!first) return;
    try {
      const shared = { ...(await this.#channelOf(first.watch)), form: first.watch.form };
      for (const frame of framesOf(lines, dropped, shared, this.#examined, Date.now())) send(present(), writeFrame(frame));
    } catch (error) {
      console.error("tail failed", key, String(error));
      for (const { socket } of present()) socket.close(1011, "the query failed");
    }
  }

  /** @throws Problem `query-invalid` */
  async #channelOf(watch: Watch): Promise<Shared> {
    const key = keyOf(watch);
    const known = this.#channels.get(key);
    const now = Date.now();
    if (known && !known.channel.isOld(now)) return known;
    const { destination, apl } = watch;
    const { mapFields, virtualFields } = await fieldsOf({ [destination.dataset]: destination }, this.env.AUTHORITY);
    const said = {
      mapFields: mapFields.get(destination.dataset) ?? new Map(),
      virtualFields: virtualFields.get(destination.dataset) ?? new Map(),
    };
    const shared = { channel: opened(apl, destination.dataset, said, now), rates: known?.rates ?? openRates(now) };
    this.#channels.set(key, shared);
    return shared;
  }

  #viewers(): Viewer[] {
    return this.ctx
      .getWebSockets()
      .filter(({ readyState }) => readyState === WebSocket.OPEN)
      .map((socket) => ({ socket, watch: this.#watchOf(socket) }));
  }

  #watchOf(socket: WebSocket): Watch {
    const known = this.#read.get(socket) ?? (socket.deserializeAttachment() as Watch);
    this.#read.set(socket, known);
    return known;
  }

  /** Forgets channels that nobody has. */
  #prune(): void {
    const present = new Set(this.#viewers().map(({ watch }) => keyOf(watch)));
    for (const key of this.#channels.keys()) if (!present.has(key)) this.#channels.delete(key);
  }

  override webSocketMessage(): void {
    // an edge has nothing to say
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close();
    this.#prune();
  }
}

interface Viewer {
  socket: WebSocket;
  watch: Watch;
}

function keyOf({ form, apl }: Watch): string {
  return `${form} ${apl}`;
}

function send(viewers: readonly Viewer[], text: string): void {
  for (const { socket } of viewers) {
    try {
      socket.send(text);
    } catch {
      // it closed meanwhile
    }
  }
}

/** @throws Problem `query-invalid` */
function opened(apl: string, dataset: string, said: Said, now: number): Channel {
  try {
    return openChannel(readQuestion(apl, dataset), said, now);
  } catch (thrown) {
    throw thrown instanceof QueryFault ? faultProblem(apl, thrown) : thrown;
  }
}
