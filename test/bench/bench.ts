/**
 * `npm run bench`: the built edge in workerd under a bounded load from outside, each row beside the floor of the same bodies in the same
 * round. Absolute numbers belong to the machine and its neighbours; the ratios are what to compare.
 */
import "../../src/local/offline.ts";
import { readNumber, readOptions } from "../../src/local/options.ts";
import { run, Stop } from "../../src/local/stop.ts";
import { measureAuth } from "./auth.ts";
import { AUTH_EDGE } from "./auth-edge.ts";
import { measureLarge } from "./large.ts";
import { SENDERS } from "./load.ts";
import { measureOverload } from "./overload.ts";
import { printPrices } from "./price.ts";
import { measureQuery, QUERY_ROWS, SCANNING_EDGE } from "./query.ts";
import { bodyRows, groupRows, measure } from "./rows.ts";
import { COUNTING, withStage } from "./stage.ts";
import { printTable } from "./table.ts";
import { measureTail } from "./tail.ts";

const USAGE = `Usage: npm run bench -- [options]

Measures an edge against a Worker that only drains the body: body sizes, numbers of senders,
what finding out who sends costs, what reading costs, and the list price of a terabyte.

  --rounds N      of every row; medians are printed (default 5)
  --only TEXT     only rows whose name contains TEXT, for example "gzip", "1 MB", "group", "auth", "price" or "query"
  --overload      instead: 256 senders on one dataset, and whether all that was acknowledged is stored once
  --seconds N     how long that lasts (default 60)
  --large         instead: memory, time and count of bodies of 95 MB, one and four at a time
  --tail          instead: what 20 viewers of a dataset cost its senders
  --help          print this`;

const ROUNDS_MAX = 9;
const SECONDS_MAX = 3_600;
/** Neither is reached in a run: writing segments out is not what is measured. */
const NO_FLUSH = { SEGMENT_BYTES_MAX: 64_000_000, FLUSH_AFTER_MS: 3_600_000 };
const AUTH = "auth";
const PRICE = "price";
const QUERY = "query";

await run(async () => {
  const options = readOptions(USAGE, {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    overload: { type: "boolean", default: false },
    seconds: { type: "string", default: "60" },
    large: { type: "boolean", default: false },
    tail: { type: "boolean", default: false },
  });
  const rounds = readNumber("--rounds", options.rounds, 1, ROUNDS_MAX);
  const seconds = readNumber("--seconds", options.seconds, 1, SECONDS_MAX);
  if (options.overload) await withStage({}, (stage) => measureOverload(stage, seconds));
  else if (options.large) await withStage({}, measureLarge);
  else if (options.tail) await withStage({ edgeSettings: NO_FLUSH }, (stage) => measureTail(stage, rounds));
  else await measureRows(rounds, options.only);
});

async function measureRows(rounds: number, only: string): Promise<void> {
  const bodies = bodyRows().filter(({ name }) => name.includes(only));
  const groups = groupRows().filter(({ name }) => name.includes(only));
  const auth = AUTH.includes(only);
  const prices = PRICE.includes(only);
  const queries = QUERY.includes(only);
  if (bodies.length + groups.length === 0 && !auth && !prices && !queries) throw new Stop(`no row's name contains ${JSON.stringify(only)}`);
  if (bodies.length > 0)
    await withStage({ edgeSettings: NO_FLUSH }, async (stage) => {
      await measure(bodies, rounds, stage, false);
      printTable(`bodies, by ${SENDERS} senders`, bodies);
    });
  if (auth) await withStage({ edgeSource: AUTH_EDGE, edgeSettings: NO_FLUSH }, (stage) => measureAuth(stage, rounds));
  if (queries) await withStage({ edgeSource: SCANNING_EDGE }, (stage) => measureQuery(stage, QUERY_ROWS, rounds));
  if (groups.length === 0 && !prices) return;
  await withStage({ ...COUNTING, edgeSettings: NO_FLUSH }, async (stage) => {
    if (groups.length > 0) await measure(groups, rounds, stage, true);
    if (groups.length > 0) printTable("group commit: bodies of 1 KB on one dataset and one Durable Object", groups);
    if (prices) await printPrices(stage);
  });
}
