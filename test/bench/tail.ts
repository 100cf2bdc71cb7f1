/** What viewers of a dataset cost its senders: the same load on a dataset that nobody watches and on one that many do, in turn. */
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Dataset } from "../../src/local/demo/segments.ts";
import { body, template } from "./bodies.ts";
import { connections, post, progress, quantile } from "./load.ts";
import { type Stage, targetOf } from "./stage.ts";
import { median } from "./table.ts";
import type { Asked } from "./tail-viewers.ts";

const VIEWERS = 20;
/** Requests of a round, and the time between two of them: a load that the machine bears, so that waiting shows and not the lack of a processor. */
const REQUESTS = 300;
const APART_MS = 10;
const WARM_UP = 100;
const BODY_BYTES = 1_000;

interface Round {
  p50: number;
  p99: number;
}

export async function measureTail(stage: Stage, rounds: number): Promise<void> {
  const [quiet, watched] = [await stage.dataset("quiet"), await stage.dataset("watched")];
  // half of them ask the same, the others each something else
  const queries = Array.from(
    { length: VIEWERS },
    (_, n) => `watched | where _time > datetime(${2000 + Math.max(0, n - VIEWERS / 2)}-01-01)`,
  );
  const viewers = fork(path.join(import.meta.dirname, "tail-viewers.ts"));
  const answer = () => once(viewers, "message");
  const { edge, name, token } = watched;
  viewers.send({ address: `${edge}/v1/datasets/${name}/tail`, token, queries } satisfies Asked);
  await answer();
  for (const dataset of [quiet, watched]) await send(dataset, WARM_UP);
  const all: { quiet: Round; watched: Round }[] = [];
  for (let round = 0; round < rounds; round++) {
    progress(`tail ${round + 1}/${rounds}`);
    // the first of a round is now the one, now the other
    const first = round % 2 === 0 ? await send(quiet, REQUESTS) : null;
    const second = await send(watched, REQUESTS);
    all.push({ quiet: first ?? (await send(quiet, REQUESTS)), watched: second });
  }
  viewers.send("count");
  const [shown] = (await answer()) as [number[]];
  viewers.disconnect();
  viewers.kill();
  console.log(`${VIEWERS} viewers of one dataset; one request of ${BODY_BYTES} bytes each ${APART_MS} ms, ${rounds} rounds of ${REQUESTS}`);
  for (const part of ["p50", "p99"] as const) {
    const [none, many] = (["quiet", "watched"] as const).map((which) => median(all.map((round) => round[which][part])));
    const ratio = median(all.map((round) => round.watched[part] / round.quiet[part]));
    console.log(`${part} ms   nobody ${none?.toFixed(2)}   ${VIEWERS} viewers ${many?.toFixed(2)}   (${ratio.toFixed(2)}x)`);
  }
  console.log(`each viewer was shown at least ${(Math.min(...shown) / 1e6).toFixed(2)} MB`);
}

/** A body that was sent before would not be stored, and so not shown. */
let sent = 0;

async function send(dataset: Dataset, requests: number): Promise<Round> {
  const made = template("ndjson", BODY_BYTES);
  const target = targetOf(dataset, "application/x-ndjson", `"ingested":${made.events},"failed":0`);
  const latencies: number[] = [];
  for (let n = 0; n < requests; n++) {
    const began = performance.now();
    const { status, text } = await post(target.url, target.headers, body(made, ++sent, "plain"), connections(1));
    if (status !== 200 || !text.includes(target.expect)) throw new Error(`${target.url} answered ${status}: ${text}`);
    const took = performance.now() - began;
    latencies.push(took);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, APART_MS - took)));
  }
  latencies.sort((a, b) => a - b);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
