/** How the outcome of a Go suite is read: a run that proves nothing must not look like one that passed. */
import { expect, it } from "vitest";
import { failed } from "./report.ts";
import { resultsOf } from "./results.ts";
import type { Suite } from "./suites.ts";

const DATASETS: Suite = { name: "Datasets", folder: "axiom", test: "TestDatasetsTestSuite", excuse: null };
const MONITORS: Suite = { name: "Monitors", folder: "axiom", test: "TestMonitorsTestSuite", excuse: /\b501\b/ };
const OTEL: Suite = { name: "otel", folder: "axiom/otel", test: "TestTracingIntegration", excuse: null };

const assertion = (error: string) =>
  `    datasets_integration_test.go:96: \n        \tError Trace:\t/somewhere/axiom/datasets_integration_test.go:96\n        \tError:      \tReceived unexpected error:\n        \t            \t${error}\n        \tTest:       \tx\n`;

function run(suite: Suite, ...told: [action: string, test: string, output?: string][]): string {
  const Package = `github.com/axiomhq/axiom-go/${suite.folder}`;
  return told.map(([Action, Test, Output]) => JSON.stringify({ Action, Package, Test, Output })).join("\n");
}

it("counts the tests inside a suite and tells the first assertion of each that failed", () => {
  const [result] = resultsOf(
    [DATASETS],
    run(
      DATASETS,
      ["output", "TestDatasetsTestSuite/Test", assertion("API error 400: no")],
      ["fail", "TestDatasetsTestSuite/Test"],
      ["pass", "TestDatasetsTestSuite/TestMapFields/Create"],
      ["pass", "TestDatasetsTestSuite/TestMapFields"],
      ["skip", "TestDatasetsTestSuite/TestCursor"],
      ["fail", "TestDatasetsTestSuite"],
    ),
  );
  expect(result).toEqual({
    ...{ name: "Datasets", outcome: "failed", passed: 1, failed: 1, skipped: 1 },
    failures: ["Test: datasets_integration_test.go:96: Received unexpected error: API error 400: no"],
  });
});

it("excuses what is not owned only where every failure says so", () => {
  const outcome = (...errors: string[]) => {
    const tests = errors.flatMap((error, index): [string, string, string?][] => [
      ["output", `TestMonitorsTestSuite/${index}`, assertion(error)],
      ["fail", `TestMonitorsTestSuite/${index}`],
    ]);
    return resultsOf([MONITORS], run(MONITORS, ...tests, ["fail", "TestMonitorsTestSuite"]))[0]?.outcome;
  };
  expect(outcome("API error 501: not kept", "got status code 501")).toBe("not owned");
  expect(outcome("API error 501: not kept", "API error 404: no such route")).toBe("failed");
  expect(outcome()).toBe("failed");
});

it("takes a suite that never ended for a failed one", () => {
  const [result] = resultsOf([DATASETS], run(DATASETS, ["run", "TestDatasetsTestSuite"]));
  expect(result).toMatchObject({ outcome: "failed", failed: 1 });
});

it("does not mix up tests of the same name in two packages", () => {
  const zap = { ...DATASETS, name: "zap", folder: "adapters/zap", test: "Test" };
  const slog = { ...zap, name: "slog", folder: "adapters/slog" };
  const text = [run(zap, ["pass", "Test"]), run(slog, ["output", "Test", assertion("no")], ["fail", "Test"])].join("\n");
  expect(resultsOf([zap, slog], text).map(({ name, outcome }) => [name, outcome])).toEqual([
    ["zap", "passed"],
    ["slog", "failed"],
  ]);
});

it("takes spans that were not exported for a failure, though their test passes", () => {
  const lost = "2026/11/24 22:31:45 traces export: failed to send to http://127.0.0.1/v1/traces: 404 Not Found\n";
  const [result] = resultsOf([OTEL], run(OTEL, ["output", OTEL.test, lost], ["pass", OTEL.test]));
  expect(result).toMatchObject({ outcome: "failed", passed: 0, failed: 1 });
});

it("fails a run in which nothing passed", () => {
  const result = { name: "x", passed: 0, failed: 0, skipped: 1, failures: [] };
  expect(failed([{ ...result, outcome: "skipped" }])).toBe(true);
  expect(
    failed([
      { ...result, outcome: "skipped" },
      { ...result, outcome: "passed" },
    ]),
  ).toBe(false);
  expect(
    failed([
      { ...result, outcome: "failed" },
      { ...result, outcome: "passed" },
    ]),
  ).toBe(true);
});
