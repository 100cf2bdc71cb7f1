/**
 * `npm run deploy`: everything to Cloudflare, in the order in which it may refer to each other.
 *
 * An edge is bound to its storage, by service and by Durable Object; edges and management are bound to each other, and storage to
 * management. Cloudflare refuses a binding to a Worker that does not exist. Hence the first deployment begins with storages, and then
 * edges, that have no service bindings yet, and ends with both as they are. Later ones go through storages, edges and management as
 * they are, so that each finds a region that is new; for a moment a storage serves edges of the version before.
 */
import "./offline.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { experimental_readRawConfig as readRawConfig } from "wrangler";
import { CONFIG, EDGES, MANAGEMENT, ROOT, STORAGES } from "./bundle.ts";
import { readOptions } from "./options.ts";
import { readSecrets, secretsOf, writePrivately } from "./state.ts";
import { run } from "./stop.ts";
import { wrangler } from "./wrangler.ts";

const SECRETS_FILE = ".headgate/deployment-secrets.json";

const USAGE = `Usage: npm run deploy -- [options]

Applies the database's migrations and deploys all Workers.

  --first          the first time: makes the secrets, keeps them in a file, and sets them
  --secrets FILE   sets the secrets kept there, and makes those that it lacks, as a new region or a version with new secrets
                   needs (with --first default ${SECRETS_FILE})
  --dry-run        bundle and check only; needs no account
  --help           print this`;

const REGIONAL = [...STORAGES, ...EDGES];
/** Beside wrangler.toml, because the paths inside are relative to the file. */
const UNBOUND_CONFIG = path.join(ROOT, ".wrangler-unbound.json");

await run(async () => {
  const options = readOptions(USAGE, {
    first: { type: "boolean", default: false },
    secrets: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  });
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-deploy-"));
  const dryRun = options["dry-run"] ? ["--dry-run"] : [];
  const secretsFile = options.secrets ?? (options.first ? path.join(ROOT, SECRETS_FILE) : undefined);
  const withSecrets = secretsFile && !options["dry-run"] ? keptSecrets(path.resolve(secretsFile), folder) : () => [];
  const deploy = (section: string, config: string) => step(["deploy", "-c", config, "-e", section, ...dryRun, ...withSecrets(section)]);
  try {
    if (options.first) writeFileSync(UNBOUND_CONFIG, JSON.stringify(withoutServices()));
    for (const section of REGIONAL) await deploy(section, options.first ? UNBOUND_CONFIG : CONFIG);
    await step(["d1", "migrations", "apply", "headgate", "--remote", "-e", MANAGEMENT], options["dry-run"]);
    await deploy(MANAGEMENT, CONFIG);
    if (options.first) for (const section of REGIONAL) await deploy(section, CONFIG);
  } finally {
    rmSync(UNBOUND_CONFIG, { force: true });
    rmSync(folder, { recursive: true });
  }
});

async function step(args: string[], skip = false): Promise<void> {
  console.log(`\n── ${skip ? "left out: " : ""}wrangler ${args.join(" ")}`);
  if (!skip) await wrangler(args, { show: true });
}

function withoutServices() {
  const { rawConfig } = readRawConfig({ config: CONFIG });
  const env = Object.entries(rawConfig.env as Record<string, object>).map(([section, rest]) => [section, { ...rest, services: [] }]);
  return { ...rawConfig, env: Object.fromEntries(env) };
}

/** Arguments that hand a Worker its secrets. */
function keptSecrets(file: string, folder: string): (section: string) => string[] {
  const secrets = readSecrets(file);
  console.log(`the deployment's secrets are kept in ${file}`);
  return (section) => {
    const written = path.join(folder, `${section}.json`);
    writePrivately(written, secretsOf(section, secrets));
    return ["--secrets-file", written];
  };
}
