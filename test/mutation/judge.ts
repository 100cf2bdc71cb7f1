/** A process that runs tests against one mutant after another, with one Vitest that stays. Whoever started it ends it. */
import "../../src/local/offline.ts";
import path from "node:path";
import { createVitest, type TestSpecification, type Vitest } from "vitest/node";
import { ROOT } from "../../src/local/bundle.ts";
import type { Stage } from "./judged.ts";
import { replace } from "./replace.ts";

export interface Question {
  stage: Stage;
  /** Null: the source as it is. */
  mutant: { file: string; text: string } | null;
}

export interface Answer {
  /** What failed first; null: all tests passed. */
  failed: string | null;
  /** Whether the tests have loaded the mutant; true without one. */
  loaded: boolean;
  tests: number;
}

const running = new Map<Stage["project"], Vitest>();

async function vitestOf(project: Stage["project"]): Promise<Vitest> {
  const known = running.get(project);
  if (known) return known;
  const vitest = await createVitest("test", {
    ...{ config: path.join(import.meta.dirname, "vitest.config.ts"), project: [project] },
    ...{ watch: false, bail: 1, maxWorkers: 1, silent: true, reporters: [{}] },
  });
  await vitest.standalone();
  running.set(project, vitest);
  return vitest;
}

async function judge({ stage, mutant }: Question): Promise<Answer> {
  const vitest = await vitestOf(stage.project);
  const replaced = mutant && { file: path.join(ROOT, mutant.file), text: mutant.text, loaded: false };
  replace(replaced);
  if (replaced) vitest.invalidateFile(replaced.file);
  try {
    return { ...(await run(vitest, await vitest.globTestSpecifications(stage.tests))), loaded: replaced?.loaded ?? true };
  } finally {
    replace(null);
    if (replaced) vitest.invalidateFile(replaced.file);
  }
}

async function run(vitest: Vitest, specifications: TestSpecification[]): Promise<Pick<Answer, "failed" | "tests">> {
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  const failed = tests.find((test) => test.result().state === "failed")?.fullName;
  const broken = testModules.find((module) => !module.ok())?.relativeModuleId;
  const stray = unhandledErrors.length > 0 ? `unhandled: ${String((unhandledErrors[0] as Error).message)}` : null;
  return { failed: failed ?? broken ?? stray, tests: tests.filter((test) => test.result().state === "passed").length };
}

process.on("message", async (question: Question) => {
  process.send?.((await judge(question)) satisfies Answer);
});
