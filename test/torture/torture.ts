/** `npm run torture`: proof by violence that what was acknowledged is stored, and stored once. */
import "../../src/local/offline.ts";
import { randomInt } from "node:crypto";
import fc from "fast-check";
import { readNumber, readOptions } from "../../src/local/options.ts";
import { run, Stop } from "../../src/local/stop.ts";
import { history } from "../edge/buffer/history.ts";
import { tortureMutants } from "./mutants.ts";
import { report, wrongWith } from "./report.ts";
import { FAILURES_PERCENT, torture } from "./run.ts";

const USAGE = `Usage: npm run torture -- [options]

Kills a gateway again and again under senders, with a bucket that fails, and counts what is stored.

  --seconds N     of torture (default 60)
  --seed N        of everything drawn outside workerd (default: by chance)
  --shards N      Durable Objects of the dataset (default 2)
  --mutants       for each fault of a list, builds the gateway with it and shows that it is caught
  --only TEXT     only mutants whose name contains TEXT
  --model N       plays N histories of a buffer in memory instead
  --help          print this`;

const SECONDS_MAX = 86_400;
const SEED_MAX = 999_999;
const SHARDS_MAX = 64;
const HISTORIES_MAX = 100_000_000;

await run(async () => {
  const options = readOptions(USAGE, {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(randomInt(SEED_MAX)) },
    shards: { type: "string", default: "2" },
    mutants: { type: "boolean", default: false },
    model: { type: "string" },
    only: { type: "string", default: "" },
  });
  const seconds = readNumber("--seconds", options.seconds, 1, SECONDS_MAX);
  const seed = readNumber("--seed", options.seed, 0, SEED_MAX);
  const shards = readNumber("--shards", options.shards, 1, SHARDS_MAX);
  if (options.model !== undefined) return playHistories(readNumber("--model", options.model, 1, HISTORIES_MAX), seed);
  if (options.mutants) return expectNone(await tortureMutants(seed, options.only));
  console.log(`seed ${seed}, ${shards} shards, ${seconds} s`);
  const verdict = await torture({ seconds, seed, shards, failuresPercent: FAILURES_PERCENT, mutation: null });
  console.log(report(verdict));
  expectNone(wrongWith(verdict));
});

/** @throws Error with the shortest history found in which something is lost or stored twice. */
function playHistories(count: number, seed: number): void {
  const began = performance.now();
  fc.assert(history(), { numRuns: count, seed });
  console.log(`seed ${seed}: ${count} histories, nothing lost or stored twice, in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

function expectNone(wrong: string[]): void {
  if (wrong.length > 0) throw new Stop(wrong.join(", "));
}
