/** `npm run mutate`: whether the tests would notice a fault in what decides who may do what. */
import "../../src/local/offline.ts";
import { readNumber, readOptions } from "../../src/local/options.ts";
import { run, Stop } from "../../src/local/stop.ts";
import { openCourt, type Verdict } from "./court.ts";
import { FILES } from "./judged.ts";
import { drawn, type Mutant, mutantsOf } from "./mutants.ts";
import { SURVIVORS } from "./survivors.ts";

const USAGE = `Usage: npm run mutate -- [options]

Puts one fault after another into the sources that decide who may do what, and runs the tests that judge them.

  --mutants N     drawn by chance (default 300)
  --seed N        of that chance (default 1)
  --only TEXT     only in files whose path contains TEXT
  --killers       name the test that noticed each fault, too
  --help          print this`;

const MUTANTS_MAX = 100_000;
const SEED_MAX = 999_999;
const KILLED_PERCENT_MIN = 90;
const NAME_WIDTH = 44;

type Outcome = Verdict["is"] | "explained";

await run(async () => {
  const options = readOptions(USAGE, {
    mutants: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    killers: { type: "boolean", default: false },
  });
  const count = readNumber("--mutants", options.mutants, 1, MUTANTS_MAX);
  const seed = readNumber("--seed", options.seed, 0, SEED_MAX);
  const all = FILES.filter((file) => file.includes(options.only)).flatMap(mutantsOf);
  if (all.length === 0) throw new Stop(`no mutated file's path contains ${JSON.stringify(options.only)}`);
  const mutants = drawn(all, count, seed);
  console.log(`seed ${seed}: ${mutants.length} of ${all.length} mutants`);
  const outcomes = await judgeAll(mutants, options.killers);
  report(mutants, outcomes);
  const percent = (100 * outcomes.filter((one) => one === "killed" || one === "late").length) / outcomes.length;
  console.log(`\n${percent.toFixed(1)} % killed`);
  if (percent < KILLED_PERCENT_MIN) throw new Stop(`fewer than ${KILLED_PERCENT_MIN} % of the mutants were killed`);
});

async function judgeAll(mutants: readonly Mutant[], killers: boolean): Promise<Outcome[]> {
  const court = openCourt();
  const leave = () => {
    court.close();
    process.exit(1);
  };
  process.on("SIGINT", leave).on("SIGTERM", leave);
  const outcomes: Outcome[] = [];
  try {
    for (const mutant of mutants) {
      const { is, by } = reasonOf(mutant) ?? (await court.judge(mutant));
      outcomes.push(is);
      if (killers || is !== "killed")
        console.log(`${is} ${mutant.file}:${mutant.line} ${mutant.operator}\n  - ${mutant.was}\n  + ${mutant.is}\n  ${by}`);
    }
  } finally {
    court.close();
  }
  return outcomes;
}

function reasonOf({ file, was, is }: Mutant): { is: Outcome; by: string } | null {
  const known = SURVIVORS.find((one) => one.file === file && one.was === was && one.is === is);
  return known ? { is: "explained", by: known.because } : null;
}

function report(mutants: readonly Mutant[], outcomes: readonly Outcome[]): void {
  const columns: Outcome[] = ["killed", "late", "survived", "explained"];
  const row = (name: string, cells: readonly (string | number)[]) =>
    console.log(name.padEnd(NAME_WIDTH) + cells.map((cell) => String(cell).padStart(11)).join(""));
  const counts = (of: (file: string) => boolean) =>
    columns.map((column) => outcomes.filter((outcome, i) => outcome === column && of(mutants[i]?.file ?? "")).length);
  console.log("");
  row("file", columns);
  for (const file of new Set(mutants.map((mutant) => mutant.file)))
    row(
      file,
      counts((one) => one === file),
    );
  row(
    "all",
    counts(() => true),
  );
}
