/** The integration suites of a Go module, as its files have them: whatever a later version adds is found, too. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Suite {
  /** `zap`, or the test without what all are called. */
  name: string;
  /** The package's, in the module. */
  folder: string;
  /** The function that `go test` runs. */
  test: string;
  /** What its failures say if Headgate does not own what it tests; null: it does. */
  excuse: RegExp | null;
}

const FILE = /_integration_test\.go$/;
const TEST = /^func (Test\w*)\(t \*testing\.T\)/gm;

/** Sent on to an organisation's upstream, and 501 where there is none; spans by OTLP, which no route takes. */
const NOT_OWNED: [test: RegExp, excuse: RegExp][] = [
  [/^Test(Monitors|Notifiers|Dashboards)TestSuite$/, /\b501\b/],
  [/^TestTracingIntegration$/, /\/v1\/traces: 404/],
];

export function suitesOf(module: string): Suite[] {
  const files = readdirSync(module, { recursive: true, encoding: "utf8" }).filter((file) => FILE.test(file));
  return files.sort().flatMap((file) => {
    const folder = path.dirname(file).replaceAll(path.sep, "/");
    const text = readFileSync(path.join(module, file), "utf8");
    return [...text.matchAll(TEST)].map(([, test = ""]): Suite => suite(folder, test));
  });
}

function suite(folder: string, test: string): Suite {
  const short = test.replace(/^Test/, "").replace(/TestSuite$/, "");
  const name = folder === "axiom" ? short : [folder.replace(/^(axiom|adapters)\//, ""), short].filter(Boolean).join(" ");
  return { name, folder, test, excuse: NOT_OWNED.find(([not]) => not.test(test))?.[1] ?? null };
}
