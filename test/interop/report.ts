/** A run in words. */
import type { Result } from "./results.ts";

const NAME_WIDTH = 26;
const OUTCOME_WIDTH = 18;
const FAILURE_LENGTH_MAX = 400;

export function printResults(title: string, results: readonly Result[]): void {
  console.log(`${title}\n`);
  console.log(`${"suite".padEnd(NAME_WIDTH)}${"result".padEnd(OUTCOME_WIDTH)}tests`);
  for (const { name, outcome, passed, failed, skipped, failures } of results) {
    const status = outcome === "not owned" ? ` (${/\b(501|404)\b/.exec(failures[0] ?? "")?.[0]})` : "";
    console.log(
      `${name.padEnd(NAME_WIDTH)}${(outcome + status).padEnd(OUTCOME_WIDTH)}${passed} passed, ${failed} failed, ${skipped} skipped`,
    );
    if (outcome === "failed") for (const failure of failures) console.log(`  ${failure.slice(0, FAILURE_LENGTH_MAX)}`);
  }
  const count = (outcome: Result["outcome"]) => results.filter((result) => result.outcome === outcome).length;
  const counted = (["passed", "failed", "skipped", "not owned"] as const).map((outcome) => `${count(outcome)} ${outcome}`);
  console.log(`\ninterop: ${counted.join(", ")}`);
}

/** A run in which nothing passed proves nothing. */
export function failed(results: readonly Result[]): boolean {
  return results.some(({ outcome }) => outcome === "failed") || !results.some(({ outcome }) => outcome === "passed");
}
