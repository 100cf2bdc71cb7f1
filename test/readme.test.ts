/** What the README says in tables and commands, held against the code that decides it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { SINK_FIELDS } from "../src/access/dataset-settings.ts";
import { BODY_BYTES_MAX, INFLATED_BYTES_MAX } from "../src/edge/body.ts";
import { BATCH_BYTES_MAX, MEMBERS_MAX, ROWS_MAX } from "../src/edge/event/batch.ts";
import { FAILURES_LISTED_MAX } from "../src/edge/event/rejects.ts";
import { LARGE_LIMITS } from "../src/edge/formats/windows.ts";
import { LARGE_INFLATED_BYTES_MAX } from "../src/edge/inflate-stream.ts";
import { LARGE_BODY_BYTES_MAX } from "../src/edge/large-body.ts";
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
    const named = [...readme.matchAll(/npm (?:run )?(start|test|demo|bench|torture|mutate|interop|check|build|deploy)\b/g)].map(
      ([, script]) => script as string,
    );
    expect(new Set(named)).toEqual(new Set(Object.keys(scripts)));
  });

  it("names every ingest path", () => {
    for (const { path: route } of INGEST_ROUTES) expect(readme).toContain(`POST ${route.replace(":dataset", "{dataset}")}`);
  });

  it.each<[string, number, string]>([
    ["body as sent, and inflated", LARGE_BODY_BYTES_MAX / 1_000_000, "MB each"],
    ["body as sent, and inflated", LARGE_INFLATED_BYTES_MAX / 1_000_000, "MB each"],
    ["body as sent, and inflated", BODY_BYTES_MAX / 1_048_576, "MiB of the tags shape"],
    ["body as sent, and inflated", INFLATED_BYTES_MAX / 1_048_576, "MiB of the tags shape"],
    ["events of a request, with times and labels", BATCH_BYTES_MAX / 1_048_576, "MiB"],
    ["events of a request, with times and labels", LARGE_LIMITS.lineBytes / 1_000_000, "MB of a body over 32 MiB"],
    ["rows of a request", ROWS_MAX, ""],
    ["rows of a request", LARGE_LIMITS.rows, "of a body over 32 MiB"],
    ["fields of an event", MEMBERS_MAX, ""],
    ["bytes of a field's name", NAME_BYTES_MAX, ""],
    ["one string", STRING_BYTES_MAX / 1_048_576, "MiB"],
    ["nesting", DEPTH_MAX, "levels"],
    ["failures listed in a reply", FAILURES_LISTED_MAX, ""],
  ])("gives the limit of %s as the code has it: %d %s", (what, limit, unit) => {
    const row = readme.split("\n").find((line) => line.startsWith(`| `) && line.includes(what));
    expect(row).toContain(`${limit.toLocaleString("en")}${unit && ` ${unit}`}`);
  });

  it("names every sink, with all that it is configured with", () => {
    for (const [type, { options, secrets }] of Object.entries(SINK_FIELDS)) {
      const row = readme.split("\n").find((line) => line.startsWith("| `") && line.split("|")[1]?.includes(`\`${type}\``));
      for (const name of [...Object.keys(options), ...Object.keys(secrets)]) expect(row).toContain(`\`${name}\``);
    }
  });

  it("names every setting of wrangler.toml", () => {
    const settings = [...read("wrangler.toml").matchAll(/\b([A-Z][A-Z_]+[A-Z]) = (?!\{ url)/g)].map(([, name]) => name as string);
    for (const setting of new Set([...settings, "TOKEN_TAG_KEYS", "SETUP_TOKEN", "REGIONS"])) expect(readme).toContain(`\`${setting}\``);
  });
});
