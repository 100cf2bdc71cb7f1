/** The suite's own projects with one source replaced, and one more for what needs no workerd. */
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { ROOT } from "../../src/local/bundle.ts";
import suite from "../vitest.config.ts";
import { replacing } from "./replace.ts";

/** A module is kept by the text on disk, which a fault is not in. */
const NOT_KEPT = { fsModuleCache: false };

function withFault(project: TestProjectInlineConfiguration): TestProjectInlineConfiguration {
  return { ...project, plugins: [replacing(), ...(project.plugins ?? [])], test: { ...project.test, ...NOT_KEPT } };
}

const projects = (suite.test?.projects ?? []) as TestProjectInlineConfiguration[];

export default defineConfig({
  test: {
    root: ROOT,
    ...NOT_KEPT,
    projects: [
      ...projects.map(withFault),
      withFault({
        root: ROOT,
        test: {
          name: "plain",
          pool: "threads",
          testTimeout: 15_000,
          include: [
            "test/access/**/*.test.ts",
            "test/workload/**/*.test.ts",
            "test/edge/documents/**/*.test.ts",
            "test/edge/{enter,permit}.test.ts",
          ],
        },
      }),
    ],
  },
});
