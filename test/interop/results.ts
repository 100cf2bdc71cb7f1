/** What `go test -json` tells about each suite. */
import type { Suite } from "./suites.ts";

type Outcome = "passed" | "failed" | "skipped" | "not owned";

export interface Result {
  name: string;
  outcome: Outcome;
  passed: number;
  failed: number;
  skipped: number;
  /** Of each test that failed: its name, where, and what was expected. */
  failures: string[];
}

interface Event {
  Action: string;
  Package: string;
  Test?: string;
  Output?: string;
}

type Ended = "pass" | "fail" | "skip";

const NOT_RUN = "was not run: its package did not build, or an earlier test ended it";
/** The exporter only prints that nothing was taken, and its test passes. */
const NOT_EXPORTED = /traces export: .*/;

export function resultsOf(suites: readonly Suite[], text: string): Result[] {
  const events = text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Event] : []));
  return suites.map((suite) => resultOf(suite, events));
}

function resultOf({ name, folder, test, excuse }: Suite, all: readonly Event[]): Result {
  const own = all.filter((event) => event.Package.endsWith(`/${folder}`) && (event.Test === test || event.Test?.startsWith(`${test}/`)));
  const ended = new Map<string, Ended>();
  for (const { Action, Test = "" } of own) if (Action === "pass" || Action === "fail" || Action === "skip") ended.set(Test, Action);
  if (!ended.has(test)) return { name, outcome: "failed", passed: 0, failed: 1, skipped: 0, failures: [`${test}: ${NOT_RUN}`] };
  const lost = NOT_EXPORTED.exec(outputOf(own, test))?.[0];
  if (lost !== undefined) ended.set(test, "fail");
  const leaves = [...ended.keys()].filter((one) => ![...ended.keys()].some((other) => other.startsWith(`${one}/`)));
  const count = (action: Ended) => leaves.filter((one) => ended.get(one) === action).length;
  const failures = [...ended].flatMap(([one, action]) => {
    const failure = action === "fail" ? (lost ?? assertionOf(outputOf(own, one))) : "";
    return failure ? [`${one.slice(test.length + 1) || test}: ${failure}`] : [];
  });
  return {
    name,
    outcome: outcomeOf(ended.get(test), excuse, failures),
    ...{ passed: count("pass"), failed: count("fail"), skipped: count("skip") },
    failures,
  };
}

/** What is not owned may fail in no other way than by saying so. */
function outcomeOf(ended: Ended | undefined, excuse: RegExp | null, failures: readonly string[]): Outcome {
  if (ended === "pass") return "passed";
  if (ended === "skip") return "skipped";
  return excuse && failures.length > 0 && failures.every((failure) => excuse.test(failure)) ? "not owned" : "failed";
}

function outputOf(own: readonly Event[], test: string): string {
  return own.flatMap((event) => (event.Test === test && event.Action === "output" ? [event.Output ?? ""] : [])).join("");
}

/** The first assertion that failed, as testify prints it; empty where one of a test inside did. */
function assertionOf(output: string): string {
  const told = /^\s+(\w+\.go:\d+):[^\S\n]*\n\s+Error Trace:[\s\S]*?\n\s+Error:\s+([\s\S]*?)\n\s+(?:Test|Messages):/m.exec(output);
  if (told) return `${told[1]}: ${told[2]?.replaceAll(/\s+/g, " ").trim()}`;
  return /^panic: .*/m.exec(output)?.[0] ?? "";
}
