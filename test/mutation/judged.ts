/** Which sources are mutated, and which tests judge each of them: the nearest first, and only who survives them meets the next. */
import { existsSync, readdirSync } from "node:fs";
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

const CALLERS = [
  management("visitor.test.ts", "caller.test.ts"),
  management("tokens/", "authorization/"),
  management("people/roles.test.ts"),
];
const RIGHTS = [management("people/"), management("authorization/")];

/** The first row whose `of` begins a file's path. */
const JUDGED: Judged[] = [
  { of: "src/access/workload/fetch-trusted.ts", by: [plain("workload/fetch-trusted.test.ts"), plain("workload/key-sets.test.ts")] },
  { of: "src/access/workload/key-sets.ts", by: [plain("workload/key-sets.test.ts"), plain("access/workload/")] },
  { of: "src/access/workload/", by: [plain("access/workload/"), plain("workload/key-sets.test.ts")] },
  {
    of: "src/access/staleness.ts",
    by: [plain("access/staleness.test.ts", "edge/documents/"), edge("authenticate.test.ts", "distribution/")],
  },
  { of: "src/access/chore.ts", by: [plain("access/chore.test.ts"), edge("life.test.ts"), management("datasets/life.test.ts")] },
  { of: "src/access/use.ts", by: [edge("limits/usage.test.ts"), management("tokens/usage.test.ts")] },
  { of: "src/access/", by: [plain("access/")] },
  {
    of: "src/edge/authenticate.ts",
    by: [
      plain("edge/enter.test.ts"),
      edge("authenticate.test.ts", "malformed.test.ts", "token-kinds.test.ts"),
      edge("workload/", "outcomes.test.ts"),
    ],
  },
  { of: "src/edge/enter.ts", by: [plain("edge/enter.test.ts"), edge("limits/limits.test.ts", "limits/network.test.ts")] },
  { of: "src/edge/permit.ts", by: [plain("edge/permit.test.ts"), edge("authenticate.test.ts", "outcomes.test.ts")] },
  { of: "src/edge/documents/", by: [plain("edge/documents/"), edge("authenticate.test.ts", "distribution/", "workload/")] },
  { of: "src/management/caller.ts", by: CALLERS },
  { of: "src/management/holder.ts", by: CALLERS },
  { of: "src/management/route.ts", by: [management("route.test.ts"), management("authorization/")] },
  { of: "src/management/people/rights.ts", by: RIGHTS },
  { of: "src/management/people/assignable.ts", by: RIGHTS },
];

/** What is mutated, relative to the repository. */
export const FILES: string[] = ["src/access", "src/edge", "src/management"]
  .flatMap((folder) => readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith(".ts") && stagesOf(file).length > 0)
  .sort();

/** Empty for a file that is not mutated. A folder of tests that needs no workerd begins with those of the file's own name. */
export function stagesOf(file: string): Stage[] {
  const stages = JUDGED.find(({ of }) => file.startsWith(of))?.by ?? [];
  const own = file.replace(/^src/, "test").replace(/\.ts$/, ".test.ts");
  const among = stages[0]?.project === "plain" && stages[0].tests.some((test) => test.endsWith("/") && own.startsWith(test));
  return among && existsSync(path.join(ROOT, own)) ? [{ project: "plain", tests: [own] }, ...stages] : stages;
}
