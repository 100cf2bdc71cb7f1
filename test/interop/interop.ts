/**
 * `npm run interop`: the integration suites of axiom-go, unmodified and with strict decoding, against a gateway of its own. Needs Go, and
 * its module proxy for what is not in the module cache yet; without them nothing is run, which is said and is no failure.
 */
import "../../src/local/offline.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { call } from "../../src/local/api.ts";
import { WORKERS } from "../../src/local/bundle.ts";
import { openGateway } from "../../src/local/gateway.ts";
import { readOptions } from "../../src/local/options.ts";
import { findFree } from "../../src/local/ports.ts";
import { seed } from "../../src/local/seed.ts";
import { run, Stop } from "../../src/local/stop.ts";
import { fetchModule, type Module, NotRun, runSuites } from "./module.ts";
import { failed, printResults } from "./report.ts";
import { resultsOf } from "./results.ts";
import { suitesOf } from "./suites.ts";

const USAGE = `Usage: npm run interop -- [options]

Runs the integration suites of the Go module github.com/axiomhq/axiom-go against a gateway
in a folder and on ports of its own, and prints suite by suite how they went.

  --version V     of the module (default v0.25.0)
  --only TEXT     only suites whose name contains TEXT, for example "Tokens"
  --help          print this`;

const REGION = "cloud.us-east-1.aws";

await run(async () => {
  const options = readOptions(USAGE, {
    version: { type: "string", default: "v0.25.0" },
    only: { type: "string", default: "" },
  });
  try {
    await interop(await fetchModule(options.version), options.only);
  } catch (error) {
    if (!(error instanceof NotRun)) throw error;
    console.log(`interop: not run: ${error.message}`);
  }
});

async function interop(module: Module, only: string): Promise<void> {
  const suites = suitesOf(module.folder).filter(({ name }) => name.includes(only));
  if (suites.length === 0) throw new Stop(`no suite's name contains ${JSON.stringify(only)}`);
  const results = await withGateway(async (settings) => resultsOf(suites, await runSuites(module, suites, settings)));
  printResults(`axiom-go ${module.version}, strict decoding`, results);
  if (failed(results)) process.exitCode = 1;
}

/** What the suites read of their surroundings. The edge's are read by versions later than the default one. */
async function withGateway<T>(use: (settings: Record<string, string>) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-interop-"));
  // also when a signal ends this
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const gateway = await openGateway({ port: await findFree(WORKERS.length), state: folder, quiet: true });
  try {
    const { management, edges, org, ownerToken } = await seed(folder, gateway.urls, gateway.secrets);
    const request = { name: "interop-edge", datasetCapabilities: { "*": { ingest: ["create"], query: ["read"] } } };
    const { token } = await call<{ token: string }>("POST", `${management}/v2/tokens`, { token: ownerToken, org }, request);
    return await use({
      AXIOM_INTEGRATION_TESTS: "1",
      AXIOM_URL: management,
      AXIOM_TOKEN: ownerToken,
      AXIOM_ORG_ID: org,
      AXIOM_DATASET_SUFFIX: "interop",
      AXIOM_EDGE_URL: edges[REGION] ?? "",
      AXIOM_EDGE_TOKEN: token,
      AXIOM_EDGE_DEPLOYMENT: REGION,
    });
  } finally {
    await gateway.stop();
  }
}
