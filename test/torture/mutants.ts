/** Whether the torture would notice: each fault of the list put into the source, and the source as it is, which must pass. */
import { Stop } from "../../src/local/stop.ts";
import { MUTATIONS } from "./mutations.ts";
import { FAILURES_PERCENT, torture, type Verdict } from "./run.ts";

/** Some faults need a rare moment: a kill between a put and its answer, and an append before the next flush. */
const ROUNDS_MAX = 12;
const SECONDS = 8;
/** More than in a plain run: what a failure leads to is what most of them get wrong. */
const MUTANT_FAILURES_PERCENT = 2 * FAILURES_PERCENT;
/** So many that each sees an append only now and then: under a crowd, a segment that was sealed has a younger one behind it at once. */
const SHARDS = 48;
const NAME_WIDTH = 50;

/**
 * Prints a row for each whose name contains `only`.
 * @returns those that survived; the unchanged source is among them when it did not pass.
 * @throws Stop when there is none.
 */
export async function tortureMutants(seed: number, only: string): Promise<string[]> {
  const wrong: string[] = [];
  const row = (...cells: string[]) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(NAME_WIDTH) : cell.padStart(11))).join(""));
  const chosen = [null, ...MUTATIONS.map(({ name }) => name)].filter((name) => (name ?? "").includes(only));
  if (chosen.length === 0) throw new Stop(`no mutation's name contains ${JSON.stringify(only)}`);
  row("mutation", "lost", "duplicated", "asleep", "kills", "rounds");
  for (const mutation of chosen) {
    let verdict: Verdict;
    let rounds = 0;
    do
      verdict = await torture({
        seconds: SECONDS,
        seed: seed + rounds++,
        shards: SHARDS,
        failuresPercent: MUTANT_FAILURES_PERCENT,
        mutation,
      });
    while (!isCaught(verdict) && mutation !== null && rounds < ROUNDS_MAX);
    const { lost, duplicated, asleep, kills } = verdict;
    const passed = isCaught(verdict) === (mutation !== null);
    const name = mutation ?? "none: the source as it is";
    row(name, ...[lost, duplicated, asleep, kills, rounds].map(String), passed ? "" : mutation ? "SURVIVED" : "FAILED");
    if (!passed) wrong.push(name);
  }
  return wrong;
}

function isCaught({ lost, duplicated, asleep }: Verdict): boolean {
  return lost + duplicated + asleep > 0;
}
