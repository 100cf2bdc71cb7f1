/**
 * A shipper: it repeats the same bytes until they are acknowledged, hangs up now and then, and sometimes sends again what was
 * acknowledged long before.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Batch } from "./batches.ts";
import { post } from "./post.ts";
import type { Random } from "./random.ts";

/** What all senders of a run write into. */
export interface Account {
  /** Ids given out so far; the next batch begins here. */
  ids: number;
  acknowledged: { first: number; count: number; bytes: number }[];
  retries: number;
  hangUps: number;
  /** Deliberate repetitions, and how many answers said that the batch was known already: of those, and of retries. */
  replays: number;
  replaysRecognised: number;
  retriesRecognised: number;
}

export interface Sender {
  url: string;
  token: string;
  random: Random;
  account: Account;
  batch(random: Random, first: number): Batch;
  /** Begins its idempotency keys; null: it sends none, and a retry is known by its content. */
  keys: string | null;
  /** The most between two batches. */
  pauseMs: number;
  /** Batches kept for replays. */
  keeps: number;
  /** No more batches are to be made; what is begun is brought to its acknowledgement. */
  over(): boolean;
  /** The run has failed elsewhere. */
  broken(): boolean;
}

const REPLAY_PERCENT = 5;
const HANG_UP_PERCENT = 5;
/** Part of those in mid-body; the others hang up on the answer. */
const MID_BODY_PERCENT = 60;
const HANG_UP_MS_MAX = 20;
const RETRY_MS_MAX = 300;
/** Longer than any restart takes. */
const ACKNOWLEDGED_WITHIN_MS = 60_000;

/** @throws Error for a refusal, for an answer that counts wrongly, and when a batch is not acknowledged for a minute. */
export async function runSender(sender: Sender): Promise<void> {
  const { random, account } = sender;
  const kept: Batch[] = [];
  for (let number = 0; !sender.over(); number++) {
    const made = sender.batch(random, account.ids);
    account.ids += made.count;
    const headers: Record<string, string> = { ...made.headers, authorization: `Bearer ${sender.token}` };
    if (sender.keys !== null) headers["idempotency-key"] = `${sender.keys}-${number}`;
    const batch = { ...made, headers };
    if (random.percent(HANG_UP_PERCENT)) await hangUp(sender, batch);
    const { known, attempts } = await deliver(sender, batch);
    account.acknowledged.push({ first: batch.first, count: batch.count, bytes: batch.body.length });
    account.retries += attempts - 1;
    if (known) account.retriesRecognised++;
    if (kept.push(batch) > sender.keeps) kept.shift();
    if (random.percent(REPLAY_PERCENT)) await replay(sender, random.pick(kept));
    await delay(random.next() * sender.pauseMs);
  }
}

async function replay(sender: Sender, batch: Batch): Promise<void> {
  const { known } = await deliver(sender, batch);
  sender.account.replays++;
  if (known) sender.account.replaysRecognised++;
}

/** Sends until there is a success. */
async function deliver({ url, random, broken }: Sender, { body, headers, count }: Batch): Promise<{ known: boolean; attempts: number }> {
  const began = performance.now();
  for (let attempts = 1; ; attempts++) {
    const answer = await post(url, headers, body);
    if (answer?.status === 200) {
      if (!answer.text.includes(`"ingested":${count},"failed":0`)) throw new Error(`${count} events were answered with ${answer.text}`);
      return { known: answer.duplicate, attempts };
    }
    if (answer && answer.status < 500 && answer.status !== 429) throw new Error(`refused with ${answer.status}: ${answer.text}`);
    if (broken()) throw new Error("the run has failed elsewhere");
    if (performance.now() - began > ACKNOWLEDGED_WITHIN_MS)
      throw new Error(`not acknowledged for a minute: ${answer ? `${answer.status} ${answer.text}` : "no answer"}`);
    await delay(random.next() * RETRY_MS_MAX);
  }
}

async function hangUp({ url, random, account }: Sender, { body, headers }: Batch): Promise<void> {
  const bytes = random.percent(MID_BODY_PERCENT) ? random.between(0, body.length - 1) : body.length;
  await post(url, headers, body, { bytes, ms: random.next() * HANG_UP_MS_MAX });
  account.hangUps++;
}
