/** Who may import whom, which file alone may touch which store, and how large a file may grow: the house as a table. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "..");

/** What runs in storage and never at the door. That a bundle keeps to it is for src/local/ceilings.ts to see. */
const STORAGE_ONLY = ["edge/storage.ts", "edge/buffer/buffer.ts", "edge/sinks/", "edge/query/tail/", "edge/query/apl/"];

/** The first row whose `from` begins a file's path decides. Paths are relative to src; a trailing slash means the whole folder. */
const RULES: { from: string; may: string[]; except?: string[] }[] = [
  { from: "problem.ts", may: [] },
  { from: "access/", may: ["problem.ts", "access/"] },
  { from: "edge/event/", may: ["edge/event/"] },
  { from: "edge/buffer/segment.ts", may: [] },
  { from: "edge/buffer/object-key.ts", may: ["edge/buffer/segment.ts"] },
  { from: "edge/scan/", may: ["edge/scan/"] },
  { from: "edge/bucket/", may: ["edge/buffer/segment.ts", "edge/buffer/object-key.ts", "edge/bucket/"] },
  { from: "edge/formats/", may: ["problem.ts", "edge/event/", "edge/scan/", "edge/formats/"] },
  {
    from: "edge/protocols/",
    may: ["problem.ts", "access/authorization.ts", "edge/event/", "edge/formats/", "edge/scan/", "edge/protocols/"],
  },
  {
    from: "edge/sinks/",
    may: ["access/dataset-settings.ts", "edge/buffer/segment.ts", "edge/buffer/object-key.ts", "edge/bucket/", "edge/scan/", "edge/sinks/"],
  },
  { from: "edge/query/apl/", may: ["problem.ts", "edge/event/time.ts", "edge/query/apl/"] },
  { from: "edge/buffer/", may: ["access/", "edge/"], except: ["edge/worker.ts", "edge/env.ts", "edge/storage.ts"] },
  {
    from: "edge/storage.ts",
    may: ["problem.ts", "access/", "edge/buffer/", "edge/bucket/", "edge/query/", "edge/storage-env.ts", "../package.json"],
  },
  // the edge knows the classes of its storage as types
  { from: "edge/env.ts", may: ["access/", "edge/"], except: STORAGE_ONLY.filter((place) => place !== "edge/storage.ts") },
  { from: "edge/tail/watch.ts", may: ["problem.ts", "edge/"], except: STORAGE_ONLY.filter((place) => place !== "edge/query/tail/") },
  { from: "edge/query/", may: ["problem.ts", "access/", "edge/"], except: ["edge/worker.ts", "edge/storage.ts"] },
  { from: "edge/", may: ["problem.ts", "access/", "edge/", "../package.json"], except: STORAGE_ONLY },
  { from: "management/worker.ts", may: ["problem.ts", "access/", "management/", "../package.json"] },
  { from: "docs/", may: [] },
  { from: "management/docs.ts", may: ["docs/", "problem.ts", "management/"] },
  { from: "management/console/", may: ["problem.ts", "access/", "management/"] },
  {
    from: "management/sign-in/",
    may: ["problem.ts", "access/", "management/"],
    except: ["management/console/", "access/authorization.ts"],
  },
  { from: "management/", may: ["problem.ts", "access/", "management/", "../package.json"], except: ["management/console/"] },
  { from: "cli/", may: ["access/token.ts", "cli/"] },
  { from: "local/", may: ["access/token.ts", "local/"] },
];

/** What only some files may say. */
const RESERVED: { what: RegExp; only: RegExp; name: string }[] = [
  { name: "KV is read in documents/kv.ts", what: /PERMISSIONS\.(get|list)/, only: /^edge\/documents\/kv\.ts$/ },
  { name: "KV is written in publish.ts", what: /PERMISSIONS\.(put|delete)/, only: /^management\/publish\.ts$/ },
  {
    name: "Durable Object storage is touched in the Durable Objects",
    what: /ctx\.storage/,
    only: /^(edge\/buffer\/|edge\/limits\/quota\.ts$|edge\/query\/tail\/tail\.ts$|management\/publish\.ts$)/,
  },
  {
    name: "R2 is touched in bucket/, sinks, and where queries read",
    what: /\bSEGMENTS\b(?!,| destination)\.|\bbucket\.(put|get|head|list|delete)/,
    only: /^edge\/(bucket\/|sinks\/|query\/(scan|source\/bucket)\.ts$)/,
  },
  {
    name: "90 entries of the audit log are removed by their retention alone, and never altered",
    what: /(UPDATE|DELETE FROM|REPLACE INTO|DROP TABLE)\s+audit\b/i,
    only: /^management\/audit\/entries\.ts$/,
  },
  {
    name: "cookies are read and written in sign-in, and taken off what goes to a region",
    what: /["'`](set-)?cookie["'`]/i,
    only: /^management\/(sign-in\/|datasets\/at-edge\.ts$)/,
  },
  { name: "20 chance comes from the platform's cryptographic source", what: /Math\.random|pseudoRandom/, only: /^$/ },
  {
    // a token's tag is a digest; whatever else is secret is compared by same-secret.ts
    name: "92 secrets are compared as digests, in constant time",
    what: /timingSafeEqual|\b(digest|secret|signature|nonce|verifier|state|setupToken|password)\)?\s*[!=]==? (?!null|undefined|"|[A-Z_]+\b)\w/,
    only: /^access\/(token|same-secret)\.ts$/,
  },
  { name: "the edge has no database", what: /D1Database|\.prepare\(/, only: /^(management|local)\// },
  {
    name: "the clock is read at the rim",
    what: /Date\.now\(\)|new Date\(\)/,
    only: /^(edge\/(worker|storage)\.ts|edge\/buffer\/(buffer|commit-queue|deliveries|peers|write-out)\.ts|edge\/limits\/quota\.ts|edge\/query\/tail\/tail\.ts|management\/(app|publish|authority)\.ts|local\/.*)$/,
  },
  {
    // a request that waits for another one's promise hangs for ever when that one is cancelled; values and timestamps may be shared
    name: "62 no promise outlives its request in an isolate's memory",
    what: /^(export )?(const|let|var) \w+( *= *(await |new Promise|Promise\.)|[^\n>]*(: *|Map<|Set<|WeakMap<|, *)Promise<(?![^\n]*=>))/m,
    only: /^(edge\/buffer|management|local)\//,
  },
  {
    name: "the sender's address is read in worker.ts, from the one header that the platform sets",
    what: /["'](cf-connecting-ip|x-forwarded-for|x-real-ip|true-client-ip)["']/i,
    only: /^edge\/worker\.ts$|^management\/request\.ts$/,
  },
  { name: "process.env is read by the local tools", what: /process\.env/, only: /^local\// },
];

const LINES_MAX = 400;
const NAMES_THAT_SAY_NOTHING = /(^|\/)(utils?|helpers?|common|shared|lib|misc|types)(\.ts|\/)/;

const files = readdirSync(path.join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((file) => /(?<!\.d)\.tsx?$/.test(file));

function importsOf(file: string, source: string): string[] {
  const specifiers = [...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] as string);
  return specifiers
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => path.posix.join(path.posix.dirname(file), specifier));
}

function violations(file: string, source: string): string[] {
  const rule = RULES.find(({ from }) => (from.endsWith("/") ? file.startsWith(from) : file === from));
  if (!rule) return [`${file}: no rule says what it may import`];
  const inside = (target: string, place: string) => (place.endsWith("/") ? target.startsWith(place) : target === place);
  return importsOf(file, source)
    .filter((target) => !rule.may.some((place) => inside(target, place)) || rule.except?.some((place) => inside(target, place)))
    .map((target) => `${file} may not import ${target}`);
}

describe("the house", () => {
  it("has files to judge", () => {
    expect(files.length).toBeGreaterThan(30);
  });

  it.each(files)("%s imports what its place allows", (file) => {
    expect(violations(file, readFileSync(path.join(ROOT, "src", file), "utf8"))).toEqual([]);
  });

  it.each<[string, string]>([
    ["edge/ingest.ts", 'import { x } from "../management/tokens.ts";'],
    ["edge/formats/json.ts", 'import { settingsOf } from "../env.ts";'],
    ["edge/protocols/axiom.ts", 'import type { EdgeEnv } from "../env.ts";'],
    ["management/tokens.ts", 'import { page } from "./console/page.ts";'],
    ["management/tokens.ts", 'const edge = await import("../edge/ingest.ts");'],
    ["management/sign-in/flow.ts", 'import { readAuthorization } from "../../access/authorization.ts";'],
    ["access/token.ts", 'export * from "../edge/route.ts";'],
    ["edge/buffer/segment.ts", 'import "../sinks/r2.ts";'],
    ["edge/worker.ts", 'export { Buffer } from "./buffer/buffer.ts";'],
    ["edge/store.ts", 'import { sinkOf } from "./sinks/index.ts";'],
    ["edge/segments.ts", 'import { parse } from "./query/apl/parse.ts";'],
    ["edge/storage.ts", 'import { enter } from "./enter.ts";'],
    ["somewhere/new.ts", ""],
  ])("would catch %s saying %s", (file, source) => {
    expect(violations(file, source).length).toBe(1);
  });

  it.each(RESERVED)("keeps to: $name", ({ what, only }) => {
    const speaking = files.filter((file) => what.test(readFileSync(path.join(ROOT, "src", file), "utf8")));
    expect(speaking.filter((file) => !only.test(file))).toEqual([]);
  });

  it.each([
    ["let polling: Promise<void> | null = null;", true],
    ["const pending = new Map<string, Promise<Response>>();", true],
    ["export const ready = new Promise((resolve) => resolve(1));", true],
    ["const settings = await load();", true],
    ["const ask = async (): Promise<number> => 1;", false],
    ["let askedAt = 0;\nfunction ask(): Promise<void> {\n  const asking = Promise.resolve();\n}", false],
  ])("knows a promise that is kept: %s", (source, kept) => {
    expect(RESERVED.find(({ name }) => name.startsWith("62 no promise"))?.what.test(source)).toBe(kept);
  });

  it("holds no file that has outgrown its concept", () => {
    const lines = (file: string) => readFileSync(path.join(ROOT, "src", file), "utf8").split("\n").length;
    expect(files.filter((file) => lines(file) > LINES_MAX)).toEqual([]);
  });

  it("names files after what they are", () => {
    const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n");
    expect(tracked.filter((file) => NAMES_THAT_SAY_NOTHING.test(file))).toEqual([]);
    const top = new Set(tracked.filter(Boolean).map((file) => file.split("/")[0] as string));
    const expected = /^(src|test|wrangler\.toml|package(-lock)?\.json|tsconfig\.json|README\.md|LICENSE|CHANGELOG\.md|\..+)$/;
    expect([...top].filter((entry) => !expected.test(entry))).toEqual([]);
  });
});
