/**
 * More senders than one Durable Object is meant for, some of them with bodies that together are more than an edge holds. Whatever was
 * acknowledged must be stored once, refusals must be 429 or 503, memory must stay bounded; and a gentle sender to another dataset
 * tells how the neighbours fare.
 */
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Dataset, listSegments, segmentLines } from "../../src/local/demo/segments.ts";
import { Stop } from "../../src/local/stop.ts";
import { type Batch, verdictOf } from "./ledger.ts";
import { connections, openConnections, post, quantile } from "./load.ts";
import { forgetPeak, megabytes, memoryOf } from "./memory.ts";
import { CONTENT_TYPES } from "./rows.ts";
import { type Stage, targetOf } from "./stage.ts";

const SENDERS = 256;
/** Among them. */
const HEAVY_SENDERS = 16;
/** Sixteen at a time are half as much again as an edge holds. */
const HEAVY_EVENTS = 6_000;
const HEAVY_EVERY_MS = 5_000;
const GENTLE_EVERY_MS = 100;
const AGAIN_AFTER_MS = 1_000;
const GOOD_STATUSES = [200, 429, 503];
/** Far above an isolate's 128 MB, because the simulated bucket and the runtime's own heap are in the same process; a leak goes past it. */
const GROWTH_BYTES_MAX = 1_500_000_000;
const TEXT_LENGTH = 900;
/** Shrinks to a third, as logs without much in common do. */
const TEXTS = Array.from({ length: 100_000 }, () => randomInt(1_000_000).toString(36)).join(" ");

/** One kind of sender, and what it met. */
interface Crowd {
  dataset: Dataset;
  events: number;
  batches: Batch[];
  /** Answers by status; 0 is a connection that broke. */
  statuses: Map<number, number>;
  /** Of the acknowledged, in milliseconds. */
  latencies: number[];
}

let lastEvent = 0;

/** @throws Stop naming what was violated. */
export async function measureOverload(stage: Stage, seconds: number): Promise<void> {
  const busy = await stage.dataset("busy");
  const light = newCrowd(busy, 1);
  const heavy = newCrowd(busy, HEAVY_EVENTS);
  const gentle = newCrowd(await stage.dataset("quiet"), 1);
  const all = [light, heavy, gentle];

  // the compiler's share of memory and time is not the load's
  for (const crowd of all) await sendOnce(crowd);
  for (const crowd of all) crowd.latencies.length = 0;
  await openConnections(`${busy.edge}/healthz`, SENDERS + 1);
  forgetPeak(stage.workerd);
  const before = memoryOf(stage.workerd).now;
  const until = performance.now() + seconds * 1_000;
  await Promise.all([
    ...Array.from({ length: SENDERS - HEAVY_SENDERS }, () => sendUntil(until, light, 0)),
    ...Array.from({ length: HEAVY_SENDERS }, () => sendUntil(until, heavy, HEAVY_EVERY_MS)),
    sendUntil(until, gentle, GENTLE_EVERY_MS),
  ]);
  const { peak } = memoryOf(stage.workerd);
  for (const { dataset } of [light, gentle]) await stage.flush(dataset);
  const stored = await timesStored([light.dataset, gentle.dataset]);
  const { acknowledged, lost, repeated } = verdictOf(
    all.flatMap(({ batches }) => batches),
    stored,
  );

  console.log(
    `${SENDERS} senders on one dataset for ${seconds} s, ${HEAVY_SENDERS} of them with ${HEAVY_EVENTS} events every ${HEAVY_EVERY_MS / 1_000} s`,
  );
  print("1 event each", light, seconds);
  print(`${HEAVY_EVENTS} events each`, heavy, seconds);
  print("a gentle sender on another dataset", gentle, seconds);
  console.log(`  memory of workerd   ${megabytes(before)} before, ${megabytes(peak)} at most: +${megabytes(peak - before)}`);
  console.log(`  ${acknowledged} events acknowledged, ${lost} lost, ${repeated} stored more than once`);

  const strange = all.flatMap(({ statuses }) => [...statuses.keys()]).filter((status) => !GOOD_STATUSES.includes(status));
  const violations = [
    ...(lost > 0 ? [`${lost} acknowledged events are not stored`] : []),
    ...(repeated > 0 ? [`${repeated} events are stored more than once`] : []),
    ...(strange.length > 0 ? [`answers other than ${GOOD_STATUSES.join(", ")}: ${strange.join(", ")} (0: the connection broke)`] : []),
    ...(peak - before > GROWTH_BYTES_MAX ? [`memory grew by more than ${megabytes(GROWTH_BYTES_MAX)}`] : []),
    ...all.filter(({ latencies }) => latencies.length === 0).map(({ events }) => `no batch of ${events} was acknowledged`),
  ];
  if (violations.length > 0) throw new Stop(violations.join("\n"));
}

function newCrowd(dataset: Dataset, events: number): Crowd {
  return { dataset, events, batches: [], statuses: new Map(), latencies: [] };
}

async function sendUntil(until: number, crowd: Crowd, everyMs: number): Promise<void> {
  while (performance.now() < until) {
    const began = performance.now();
    await sendOnce(crowd, until);
    const rest = Math.min(began + everyMs, until) - performance.now();
    if (rest > 0) await delay(rest);
  }
}

/** A batch until it is acknowledged, sent again as it is after each refusal; given up when the time is over. */
async function sendOnce(crowd: Crowd, until = Number.POSITIVE_INFINITY): Promise<void> {
  const { dataset, events, batches, statuses, latencies } = crowd;
  const batch = { first: lastEvent + 1, events, acknowledged: false };
  lastEvent += events;
  batches.push(batch);
  const body = Buffer.from(Array.from({ length: events }, (_, i) => line(batch.first + i)).join(""));
  const { url, headers, expect } = targetOf(dataset, CONTENT_TYPES.ndjson, `"ingested":${events},"failed":0`);
  do {
    const began = performance.now();
    const { status, text } = await post(url, headers, body, connections(SENDERS + 1)).catch((error) => ({
      status: 0,
      text: String(error),
    }));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 200) {
      if (!text.includes(expect)) throw new Error(`${url} answered ${text}`);
      batch.acknowledged = true;
      latencies.push(performance.now() - began);
      return;
    }
    await delay(AGAIN_AFTER_MS);
  } while (performance.now() < until);
}

/** Every event has a time of its own, so that a batch that is sent again is known as the same. */
function line(n: number): string {
  const at = (n * 7_919) % (TEXTS.length - TEXT_LENGTH);
  return `{"_time":"2026-01-02T03:04:05Z","n":${n},"text":"${TEXTS.slice(at, at + TEXT_LENGTH)}"}\n`;
}

/** Counted in the objects themselves. */
async function timesStored(datasets: Dataset[]): Promise<Uint8Array> {
  const stored = new Uint8Array(lastEvent + 1);
  for (const dataset of datasets) {
    for (const { id } of await listSegments(dataset)) {
      for await (const text of segmentLines(dataset, id)) {
        const n = Number(/"n":(\d+)/.exec(text)?.[1]);
        stored[n] = (stored[n] ?? 0) + 1;
      }
    }
  }
  return stored;
}

function print(name: string, { events, latencies, statuses }: Crowd, seconds: number): void {
  const ascending = latencies.sort((a, b) => a - b);
  const megabytesPerSecond = (latencies.length * events * line(lastEvent).length) / 1e6 / seconds;
  const answers = [...statuses].map(([status, count]) => `${status} x${count}`).join(", ");
  console.log(
    `  ${name.padEnd(36)} ${(latencies.length / seconds).toFixed(1)} requests/s, ${megabytesPerSecond.toFixed(1)} MB/s, ` +
      `p50 ${quantile(ascending, 0.5).toFixed(0)} ms, p99 ${quantile(ascending, 0.99).toFixed(0)} ms; answers: ${answers}`,
  );
}
