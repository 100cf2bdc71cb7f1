/** Which sources are mutated, and which tests judge each of them: the nearest first, and only who survives them meets the next. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../src/local/bundle.ts";

/** `plain`: what needs no workerd, in Node. The others are the suite's own. */
export interface Stage {
  project: "plain" | "edge" | "management";
  /** Files and folders of tests. */
  tests: string[];
}

interface Judged {
  /** A file, or a folder with all below it. */
  of: string;
  by: Stage[];
}

const plain = (...tests: string[]): Stage => ({ project: "plain", tests: tests.map((test) => `test/${test}`) });
const edge = (...tests: string[]): Stage => ({ project: "edge", tests: tests.map((test) => `test/edge/${test}`) });
const management = (...tests: string[]): Stage => ({ project: "management", tests: tests.map((test) => `test/management/${test}`) });

/** The first row whose `of` begins a file's path. */
const JUDGED: Judged[] = [
  { of: "src/access/workload/", by: [plain("access/workload/"), plain("workload/")] },
  { of: "src/access/staleness.ts", by: [edge("distribution/", "authenticate.test.ts")] },
  { of: "src/access/chore.ts", by: [edge("life.test.ts"), management("datasets/life.test.ts")] },
  { of: "src/access/use.ts", by: [edge("limits/usage.test.ts"), management("tokens/usage.test.ts")] },
  { of: "src/access/", by: [plain("access/")] },
  { of: "src/edge/authenticate.ts", by: [edge("authenticate.test.ts", "workload/"), edge("outcomes.test.ts", "limits/usage.test.ts")] },
  { of: "src/edge/enter.ts", by: [edge("limits/limits.test.ts", "limits/network.test.ts", "authenticate.test.ts")] },
  { of: "src/edge/permit.ts", by: [edge("authenticate.test.ts"), edge("outcomes.test.ts", "ingest.test.ts")] },
  { of: "src/edge/documents/", by: [plain("edge/documents/"), edge("authenticate.test.ts", "distribution/", "workload/")] },
  {
    of: "src/management/caller.ts",
    by: [management("caller.test.ts", "tokens/"), management("authorization/", "datasets/routes.test.ts")],
  },
  { of: "src/management/route.ts", by: [management("authorization/", "caller.test.ts", "issuers/routes.test.ts")] },
  { of: "src/management/people/rights.ts", by: [management("people/", "authorization/")] },
  { of: "src/management/people/assignable.ts", by: [management("people/", "authorization/")] },
];

/** The rows that are mutated, relative to the repository, in their order. */
export const FILES: string[] = ["src/access", "src/edge", "src/management"]
  .flatMap((folder) => readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith(".ts") && stagesOf(file).length > 0)
  .sort();

/** Empty for a file that is not mutated. */
export function stagesOf(file: string): Stage[] {
  return JUDGED.find(({ of }) => file.startsWith(of))?.by ?? [];
}
