/** A process that runs tests against one mutant after another, with one Vitest that stays. Whoever started it ends it. */
import "../../src/local/offline.ts";
import path from "node:path";
import { createVitest, type Reporter, type TestSpecification, type Vitest } from "vitest/node";
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
  /** That passed. */
  tests: number;
}

/** What the run that goes on has shown. Vitest's own result holds all that it has ever run. */
const shown = { passed: 0, failed: null as string | null };

const watching: Reporter = {
  onTestCaseResult(test) {
    const { state } = test.result();
    if (state === "passed") shown.passed++;
    if (state === "failed") shown.failed ??= test.fullName;
  },
  onTestModuleEnd(module) {
    if (module.errors().length > 0) shown.failed ??= module.relativeModuleId;
  },
  onTestSuiteResult(suite) {
    if (suite.errors().length > 0) shown.failed ??= suite.fullName;
  },
};

const running = new Map<Stage["project"], Vitest>();

async function vitestOf(project: Stage["project"]): Promise<Vitest> {
  const known = running.get(project);
  if (known) return known;
  const vitest = await createVitest("test", {
    ...{ config: path.join(import.meta.dirname, "vitest.config.ts"), project: [project] },
    ...{ watch: false, bail: 1, maxWorkers: 1, silent: true, reporters: [watching] },
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
  Object.assign(shown, { passed: 0, failed: null });
  const { unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
  const [stray] = unhandledErrors;
  const why = stray instanceof Error ? stray.message : String(stray);
  // the runtime's own end is no verdict on a mutant
  if (stray !== undefined && why.startsWith("[vitest-pool]")) return { failed: null, tests: 0 };
  if (stray !== undefined) shown.failed ??= `unhandled: ${why}`;
  return { failed: shown.failed, tests: shown.passed };
}

process.on("message", async (question: Question) => {
  process.send?.((await judge(question)) satisfies Answer);
});
