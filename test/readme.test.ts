/** What the README says in tables and commands, held against the code that decides it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { BODY_BYTES_MAX, INFLATED_BYTES_MAX } from "../src/edge/body.ts";
import { BATCH_BYTES_MAX, MEMBERS_MAX, ROWS_MAX } from "../src/edge/event/batch.ts";
import { FAILURES_LISTED_MAX } from "../src/edge/event/rejects.ts";
import { INGEST_ROUTES } from "../src/edge/protocols/index.ts";
import { DEPTH_MAX, NAME_BYTES_MAX, STRING_BYTES_MAX } from "../src/edge/scan/scan.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const readme = read("README.md");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

describe("the README", () => {
  it("has at most 150 lines", () => {
    expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  });

  it("names only commands that there are", () => {
    const named = [...readme.matchAll(/npm (?:run )?(start|test|demo|bench|torture|check|build|deploy)\b/g)].map(
      ([, script]) => script as string,
    );
    expect(new Set(named)).toEqual(new Set(Object.keys(scripts)));
  });

  it("names every ingest path", () => {
    for (const { path: route } of INGEST_ROUTES) expect(readme).toContain(`POST ${route.replace(":dataset", "{dataset}")}`);
  });

  it.each<[string, number, string]>([
    ["body as sent, and inflated", BODY_BYTES_MAX / 1_048_576, "MiB each"],
    ["body as sent, and inflated", INFLATED_BYTES_MAX / 1_048_576, "MiB each"],
    ["events of a request, with times and labels", BATCH_BYTES_MAX / 1_048_576, "MiB"],
    ["rows of a request", ROWS_MAX, ""],
    ["fields of an event", MEMBERS_MAX, ""],
    ["bytes of a field's name", NAME_BYTES_MAX, ""],
    ["one string", STRING_BYTES_MAX / 1_048_576, "MiB"],
    ["nesting", DEPTH_MAX, "levels"],
    ["failures listed in a reply", FAILURES_LISTED_MAX, ""],
  ])("gives the limit of %s as the code has it: %d %s", (what, limit, unit) => {
    const row = readme.split("\n").find((line) => line.startsWith(`| `) && line.includes(what));
    expect(row).toContain(`${limit.toLocaleString("en")}${unit && ` ${unit}`}`);
  });

  it("names every setting of wrangler.toml", () => {
    const settings = [...read("wrangler.toml").matchAll(/\b([A-Z][A-Z_]+[A-Z]) = (?!\{ url)/g)].map(([, name]) => name as string);
    for (const setting of new Set([...settings, "TOKEN_TAG_KEYS", "SETUP_TOKEN", "REGIONS"])) expect(readme).toContain(`\`${setting}\``);
  });
});
