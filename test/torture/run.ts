/**
 * One run: senders, kills and a failing bucket for some seconds; then peace, in which the alarms alone have to write everything out; then
 * a count of every event in the bucket.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { call } from "../../src/local/api.ts";
import { type Dataset, listSegments, segmentLines } from "../../src/local/demo/segments.ts";
import { findFree } from "../../src/local/ports.ts";
import { idIn, LARGE_BYTES_LEAST, largeBatch, smallBatch } from "./batches.ts";
import { CALM_PATH } from "./calm.ts";
import { type Random, randomOf } from "./random.ts";
import { type Account, runSender, type Sender } from "./sender.ts";
import { startVictim, type Victim, WAYS_TO_DIE } from "./victim.ts";

export interface Wanted {
  seconds: number;
  seed: number;
  shards: number;
  /** Of 100 writes to the bucket. */
  failuresPercent: number;
  mutation: string | null;
}

export interface Verdict extends Omit<Account, "ids" | "acknowledged"> {
  seconds: number;
  kills: number;
  /** Events. */
  acked: number;
  stored: number;
  lost: number;
  duplicated: number;
  /** Events that no alarm had written out after ALARMS_WITHIN_MS of peace. */
  asleep: number;
  batches: number;
  /** Of them, those that go past the log. */
  large: number;
  /** Writes to the bucket that failed. */
  failures: number;
}

export const FAILURES_PERCENT = 30;
const REGION = "cloud.us-east-1.aws";
const SENDERS = 12;
const FLUSH_AFTER_MS = 500;
const SEGMENT_BYTES_MAX = 300_000;
/** Of being served, between a kill and the next. */
const KILL_AFTER_MS_LEAST = 300;
const KILL_AFTER_MS_MOST = 2_800;
/** Of 100 kills: how many end the parent too, and how many only the parent. */
const PARENT_PERCENT = 30;
const ALARMS_WITHIN_MS = 20_000;
const FLUSHES_MAX = 10;
const LOOK_EVERY_MS = 200;

export async function torture(wanted: Wanted): Promise<Verdict> {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-torture-"));
  const forget = () => rmSync(folder, { recursive: true, force: true });
  // also when a signal ends this
  process.once("exit", forget);
  const edgeSettings = {
    BUFFER_SHARDS: wanted.shards,
    SEGMENT_BYTES_MAX,
    FLUSH_AFTER_MS,
    FAILURES_PERCENT: wanted.failuresPercent,
  };
  const victim = await startVictim({ port: await findFree(3), state: folder, edgeSettings, mutation: wanted.mutation });
  try {
    return await judge(victim, wanted);
  } finally {
    await victim.stop();
    process.off("exit", forget);
    forget();
  }
}

async function judge(victim: Victim, { seconds, seed }: Wanted): Promise<Verdict> {
  const { management, org, ownerToken } = victim.local;
  const request = { name: "torture", datasetCapabilities: { "*": { ingest: ["create"], query: ["read"] } } };
  const { token } = await call<{ token: string }>("POST", `${management}/v2/tokens`, { token: ownerToken, org }, request);
  const dataset = { edge: victim.local.edges[REGION] as string, name: victim.local.datasets[REGION] as string, token };

  const account = { ids: 0, acknowledged: [], retries: 0, hangUps: 0, replays: 0, replaysRecognised: 0, retriesRecognised: 0 };
  const kills = await struggle(victim, dataset, account, seconds, seed);
  const asleep = await peace(victim, dataset);
  const { ids, acknowledged, ...counted } = account as Account;
  const acked = acknowledged.reduce((sum, { count }) => sum + count, 0);
  const large = acknowledged.filter(({ bytes }) => bytes >= LARGE_BYTES_LEAST).length;
  const found = await countStored(dataset, account);
  return { ...counted, ...found, seconds, kills, acked, asleep, batches: acknowledged.length, large, failures: victim.failures() };
}

/** Returns the kills once time is up and all senders have their acknowledgements. */
async function struggle(victim: Victim, { edge, name, token }: Dataset, account: Account, seconds: number, seed: number): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  let broken = false;
  const over = () => broken || performance.now() > end;
  const common = { url: `${edge}/v1/ingest/${name}`, token, account, over, broken: () => broken };
  const senders: Sender[] = Array.from({ length: SENDERS }, (_, i) => ({
    ...common,
    random: randomOf(seed * 100 + i),
    batch: smallBatch,
    keys: i % 2 === 0 ? `sender-${i}` : null,
    pauseMs: 120,
    keeps: 30,
  }));
  senders.push({ ...common, random: randomOf(seed * 100 + SENDERS), batch: largeBatch, keys: null, pauseMs: 2_000, keeps: 3 });
  const all = [...senders.map(runSender), killer(victim, edge, randomOf(seed), over)];
  // the first that fails ends the run; its error is the one to report
  for (const each of all) each.catch(() => (broken = true));
  return (await Promise.all(all)).at(-1) as number;
}

async function killer(victim: Victim, edge: string, random: Random, over: () => boolean): Promise<number> {
  let kills = 0;
  for (;;) {
    await delay(random.between(KILL_AFTER_MS_LEAST, KILL_AFTER_MS_MOST));
    if (over()) return kills;
    const [workerd, ...withParent] = WAYS_TO_DIE;
    if (await victim.kill(random.percent(PARENT_PERCENT) ? random.pick(withParent) : workerd)) kills++;
    await victim.revive(edge);
  }
}

/** Nothing is sent and, after the alarms have met a failing bucket once more, nothing fails. Returns the events left by the alarms. */
async function peace({ local: { management, org, ownerToken } }: Victim, dataset: Dataset): Promise<number> {
  const pending = async () => {
    const { buffered } = await call<{ buffered: { rows: number } }>(
      "GET",
      `${dataset.edge}/v1/datasets/${dataset.name}/segments?limit=1`,
      dataset,
    );
    return buffered.rows;
  };
  await delay(2 * FLUSH_AFTER_MS);
  await fetch(`${dataset.edge}${CALM_PATH}`);
  const deadline = performance.now() + ALARMS_WITHIN_MS;
  while ((await pending()) > 0 && performance.now() < deadline) await delay(LOOK_EVERY_MS);
  const asleep = await pending();
  for (let flush = 0; flush < FLUSHES_MAX && (await pending()) > 0; flush++)
    await call("POST", `${management}/v2/datasets/${dataset.name}/flush`, { token: ownerToken, org }).catch(() => delay(LOOK_EVERY_MS));
  return asleep;
}

/** Reads every object. An event that was not acknowledged may be there or not, but never twice. */
async function countStored(dataset: Dataset, { ids, acknowledged }: Account): Promise<Pick<Verdict, "stored" | "lost" | "duplicated">> {
  const copies = new Uint8Array(ids);
  let stored = 0;
  for (const { id } of await listSegments(dataset)) {
    for await (const line of segmentLines(dataset, id)) {
      const event = idIn(line);
      copies[event] = (copies[event] ?? 0) + 1;
      stored++;
    }
  }
  const missing = ({ first, count }: { first: number; count: number }) =>
    copies.subarray(first, first + count).filter((n) => n === 0).length;
  return {
    stored,
    lost: acknowledged.reduce((sum, range) => sum + missing(range), 0),
    duplicated: copies.filter((n) => n > 1).length,
  };
}
