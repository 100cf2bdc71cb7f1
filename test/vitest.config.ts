import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { kCurrentWorker } from "miniflare";
import { defineConfig } from "vitest/config";
import { bundleWorker, CONFIG, ROOT, WORKERS, type WorkerSection } from "../src/local/bundle.ts";

import { writableWeb } from "./writable-web.ts";

const BUILT = path.join(ROOT, "dist/test");
const SECRETS = {
  TOKEN_TAG_KEYS: "1:AAECAwQFBgcICQoLDA0ODw",
  SETUP_TOKEN: "setup-token-of-the-tests",
  SINK_SECRETS_KEY: "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
};

// wrangler warns about required secrets that it finds nowhere
Object.assign(process.env, SECRETS);

interface UnderTest {
  main?: string;
  /** Whose settings it has beside its own. */
  alsoAs?: WorkerSection;
  serviceBindings?: Record<string, string | { name: typeof kCurrentWorker; entrypoint: string }>;
  r2Buckets?: Record<string, string>;
  durableObjects?: Record<string, { className: string; useSQLite: boolean }>;
}

/**
 * One Worker under test inside workerd, and beside it all of them as built bundles, so that service bindings lead somewhere. KV, D1,
 * R2 and Durable Objects are real; KV and D1 are shared between them.
 */
function inWorkerd(section: WorkerSection, { main, alsoAs, ...more }: UnderTest = {}) {
  return cloudflareTest(async () => {
    const beside = await Promise.all(WORKERS.map((other) => bundleWorker(other, BUILT)));
    const settings = beside.find((other) => other.section === alsoAs)?.options.bindings as Record<string, string> | undefined;
    return {
      ...(main && { main: path.join(ROOT, main) }),
      wrangler: { configPath: CONFIG, environment: section },
      miniflare: {
        d1Databases: { DB: "headgate" },
        ...more,
        bindings: { ...settings, ...SECRETS, TEST_MIGRATIONS: await readD1Migrations(path.join(ROOT, "src/management/migrations")) },
        outboundService: async (request: Parameters<typeof writableWeb>[0]) => new Response(...(await writableWeb(request))),
        workers: beside.map(({ name, script, options }) => ({
          ...options,
          name,
          modulesRoot: BUILT,
          modules: [{ type: "ESModule" as const, path: script }],
          bindings: { ...(options.bindings as Record<string, string>), ...SECRETS },
        })),
      },
    };
  });
}

export default defineConfig({
  test: {
    root: ROOT,
    reporters: ["default", path.join(ROOT, "test/closing-line.ts")],
    projects: [
      {
        root: ROOT,
        plugins: [
          inWorkerd("us-east-1", {
            main: "test/edge/both.ts",
            alsoAs: "us-east-1-storage",
            durableObjects: { BUFFER: { className: "Buffer", useSQLite: true }, TAIL: { className: "Tail", useSQLite: true } },
            serviceBindings: { STORAGE: { name: kCurrentWorker, entrypoint: "Storage" } },
          }),
        ],
        test: {
          name: "edge",
          isolate: false,
          include: ["test/access/**/*.test.ts", "test/edge/**/*.test.ts", "test/problem.test.ts"],
          // words and numbers only: nothing there needs a runtime
          exclude: ["test/edge/query/apl/**", "test/edge/query/golden/**"],
          setupFiles: [path.join(ROOT, "test/setup.ts")],
        },
      },
      {
        root: ROOT,
        // what a sender reaches of a region, and what it leaves there
        plugins: [
          inWorkerd("management", { serviceBindings: { EDGE: "headgate-us-east-1" }, r2Buckets: { BUCKET: "headgate-us-east-1" } }),
        ],
        test: {
          name: "management",
          isolate: false,
          // what runs inside workerd sees no environment
          provide: { closure: process.env["CLOSURE"] ?? "" },
          include: ["test/management/**/*.test.ts"],
          setupFiles: [path.join(ROOT, "test/setup.ts")],
        },
      },
      {
        root: ROOT,
        test: {
          name: "node",
          include: [
            "test/architecture.test.ts",
            "test/attacks.test.ts",
            "test/readme.test.ts",
            "test/readers.test.ts",
            "test/story.test.ts",
            "test/torture.test.ts",
            "test/bench/**/*.test.ts",
            "test/edge/query/apl/**/*.test.ts",
            "test/edge/query/golden/**/*.test.ts",
            "test/clients/**/*.test.ts",
            "test/docs/**/*.test.ts",
            "test/interop/**/*.test.ts",
            "test/local/**/*.test.ts",
            "test/sign-in/**/*.test.ts",
            "test/mutation/**/*.test.ts",
            "test/sinks/**/*.test.ts",
            "test/upstream/**/*.test.ts",
            "test/workload/**/*.test.ts",
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
