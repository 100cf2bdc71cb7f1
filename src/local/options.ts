/** Options behind `--` of an npm script. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { Stop } from "./stop.ts";

const EXIT_CODE_USAGE = 2;
/** Two more ports follow the first one. */
const PORT_MAX = 65_533;

/**
 * The options of this process; prints `usage` and exits for `--help`.
 * @throws Stop with exit code 2 for anything that `known` does not name.
 */
export function readOptions<T extends ParseArgsOptionsConfig>(usage: string, known: T) {
  try {
    const args = process.argv.slice(2);
    if (args.includes("--help")) {
      console.log(usage);
      process.exit(0);
    }
    return parseArgs({ args, options: known }).values;
  } catch (error) {
    // the first sentence names the option; what follows is advice about positional arguments, of which there are none
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    throw new Stop(`${reason}; options of an npm script go behind " -- "\n\n${usage}`, EXIT_CODE_USAGE);
  }
}

export function readPort(text: string): number {
  return readNumber("--port", text, 1, PORT_MAX);
}

/** @throws Stop with exit code 2 unless `text` is a whole number in the range. */
export function readNumber(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most))
    throw new Stop(`${option} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`, EXIT_CODE_USAGE);
  return number;
}
