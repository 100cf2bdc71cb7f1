/** What a build refuses, and what a deployment would do. */
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { complaintsAbout } from "../../src/local/ceilings.ts";
import { command, ROOT } from "./command.ts";

const EDGE = { section: "us-east-1", rawBytes: 150_000, gzipBytes: 60_000, inputs: ["src/edge/worker.ts", "src/problem.ts"] };
const MANAGEMENT = { section: "management", rawBytes: 400_000, gzipBytes: 150_000, inputs: ["src/management/worker.ts"] };

describe("npm run build", () => {
  it("lets Workers at their ceilings pass", () => {
    expect([EDGE, MANAGEMENT].flatMap(complaintsAbout)).toEqual([]);
  });

  it.each([
    ["an edge that is too large", { ...EDGE, gzipBytes: 60_001 }],
    ["a management that is too large", { ...MANAGEMENT, gzipBytes: 150_001 }],
    ["management's code in an edge", { ...EDGE, inputs: ["src/edge/worker.ts", "src/management/tokens/store.ts"] }],
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
    expect(steps.map((step) => /-e (\S+)/.exec(step)?.[1])).toEqual([
      "us-east-1",
      "eu-central-1",
      "management",
      "management",
      "us-east-1",
      "eu-central-1",
    ]);
    const deployments = stdout.split(/^── /m).slice(1);
    expect(deployments[0]).not.toContain("env.AUTHORITY");
    expect(deployments[2]).toContain("d1 migrations apply headgate --remote");
    expect(deployments[3]).toContain("env.US_EAST_1 (headgate-us-east-1#Region)");
    expect(deployments[4]).toContain("env.AUTHORITY (headgate-management#Authority)");
    expect(existsSync(path.join(ROOT, ".wrangler-unbound.json"))).toBe(false);
  });
});
