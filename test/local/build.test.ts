/** What a build refuses, and what a deployment would do. */
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { complaintsAbout } from "../../src/local/ceilings.ts";
import { command, ROOT } from "./command.ts";

const EDGE = { section: "us-east-1", rawBytes: 150_000, gzipBytes: 60_000, inputs: ["src/edge/worker.ts", "src/problem.ts"] };
const STORAGE = { section: "us-east-1-storage", rawBytes: 300_000, gzipBytes: 150_000, inputs: ["src/edge/storage.ts", "src/problem.ts"] };
const MANAGEMENT = { section: "management", rawBytes: 400_000, gzipBytes: 150_000, inputs: ["src/management/worker.ts"] };

/** In the order in which they may refer to each other. */
const REGIONAL = ["us-east-1-storage", "eu-central-1-storage", "us-east-1", "eu-central-1"];

describe("npm run build", () => {
  it("lets Workers at their ceilings pass", () => {
    expect([EDGE, STORAGE, MANAGEMENT].flatMap(complaintsAbout)).toEqual([]);
  });

  it.each([
    ["an edge that is too large", { ...EDGE, gzipBytes: 60_001 }],
    ["a storage that is too large", { ...STORAGE, gzipBytes: 150_001 }],
    ["a management that is too large", { ...MANAGEMENT, gzipBytes: 150_001 }],
    ["management's code in an edge", { ...EDGE, inputs: ["src/edge/worker.ts", "src/management/tokens/store.ts"] }],
    ["sinks in an edge", { ...EDGE, inputs: ["src/edge/worker.ts", "src/edge/sinks/http.ts"] }],
    ["a query engine in an edge", { ...EDGE, inputs: ["src/edge/worker.ts", "src/edge/query/apl/compile.ts"] }],
    ["a buffer in an edge", { ...EDGE, inputs: ["src/edge/worker.ts", "src/edge/buffer/buffer.ts"] }],
    ["a door in a storage", { ...STORAGE, inputs: ["src/edge/storage.ts", "src/edge/protocols/axiom.ts"] }],
    ["management's code in a storage", { ...STORAGE, inputs: ["src/edge/storage.ts", "src/management/orgs.ts"] }],
    ["an edge's code in management", { ...MANAGEMENT, inputs: ["src/edge/scan/scan.ts"] }],
  ])("refuses %s", (_, built) => {
    expect(complaintsAbout(built)).toHaveLength(1);
  });
});

describe("npm run deploy -- --dry-run", () => {
  it("goes through a first deployment offline, and leaves no file behind", async () => {
    const { code, stdout } = await command("deploy.ts", "--dry-run", "--first");
    expect(code).toBe(0);
    const steps = [...stdout.matchAll(/^── (?:left out: )?wrangler (.*)$/gm)].map((match) => match[1] as string);
    expect(steps.map((step) => /-e (\S+)/.exec(step)?.[1])).toEqual([...REGIONAL, "management", "management", ...REGIONAL]);
    const deployments = stdout.split(/^── /m).slice(1);
    const bindings = deployments.map((text) => [...text.matchAll(/^env\.\w+ \((?!["\d{]).*?\) /gm)].map(([each]) => each.trim()));
    expect(deployments[4]).toContain("d1 migrations apply headgate --remote");
    expect(bindings[5]).toContain("env.US_EAST_1 (headgate-us-east-1#Region)");
    expect(bindings[6]).toContain("env.AUTHORITY (headgate-management#Authority)");
    expect(bindings[8]).toEqual(
      expect.arrayContaining([
        "env.STORAGE (headgate-us-east-1-storage#Storage)",
        "env.BUFFER (Buffer, defined in headgate-us-east-1-storage)",
        "env.AUTHORITY (headgate-management#Authority)",
      ]),
    );
    // nothing is bound to a Worker that is not there yet
    const there = new Set<string>();
    for (const [step, names] of bindings.entries()) {
      const section = /-e (\S+)/.exec(deployments[step] ?? "")?.[1];
      const bound = names.flatMap((name) => /\((headgate-[\w-]+)#/.exec(name)?.[1] ?? /defined in ([\w-]+)/.exec(name)?.[1] ?? []);
      expect(bound.filter((worker) => !there.has(worker))).toEqual([]);
      there.add(`headgate-${section}`);
    }
    expect(existsSync(path.join(ROOT, ".wrangler-unbound.json"))).toBe(false);
  });
});
