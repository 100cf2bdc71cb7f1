/** All Workers of wrangler.toml in one local workerd, with their stores on disk; those that have an address on a port of their own. */
import path from "node:path";
import { stop as stopEsbuild } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4MiniflareOptions } from "miniflare";
import { type BuiltWorker, bundleWorker, kindOf, type OtherSource, PORTS, WORKERS, type WorkerKind } from "./bundle.ts";
import { migrate } from "./migrate.ts";
import { endOrphans } from "./orphan.ts";
import { HOST, inUse, requireFree } from "./ports.ts";
import type { Urls } from "./seed.ts";
import { bundleFolder, holderOf, openState, readSecrets, type Secrets, secretsFile, secretsOf, storageFolder } from "./state.ts";

type WorkerOptions = Extract<V4MiniflareOptions, { workers: unknown[] }>["workers"][number];

const ORPHAN_GONE_WITHIN_MS = 5_000;

export interface GatewayOptions {
  /** Management's port; the edges follow. */
  port: number;
  /** Folder of all local state. */
  state: string;
  /** Prints errors only. */
  quiet: boolean;
  /** Settings instead of those in wrangler.toml, for every edge and its storage. */
  edgeSettings?: Record<string, number>;
  /** The same for management. */
  managementSettings?: Record<string, string>;
  /** Sources instead of those in wrangler.toml, for every edge. */
  edgeSource?: OtherSource;
  /** The same for every storage. */
  storageSource?: OtherSource;
  /** Workers that are no part of Headgate, on the ports after the edges. */
  beside?: WorkerOptions[];
}

export interface Gateway {
  urls: Urls;
  secrets: Secrets;
  /** Management's own. */
  database: D1Database;
  /** What management publishes and the edges read. */
  permissions: { put(key: string, value: string): Promise<void>; delete(key: string): Promise<void> };
  /** Ends workerd and lets go of the state folder. */
  stop(): Promise<void>;
}

/** @throws Stop when a port or the state folder is taken; both are looked at before anything is built. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { port, state, beside = [] } = options;
  const orphaned = holderOf(state)?.alive === false && endOrphans(storageFolder(state));
  await requireFree(port, PORTS + beside.length, orphaned ? ORPHAN_GONE_WITHIN_MS : 0);
  const closeState = openState(state);
  let mf: Miniflare | undefined;
  try {
    const secrets = readSecrets(secretsFile(state));
    const sources: Partial<Record<WorkerKind, OtherSource>> = {};
    if (options.edgeSource) sources.edge = options.edgeSource;
    if (options.storageSource) sources.storage = options.storageSource;
    const built = await Promise.all(WORKERS.map((section) => bundleWorker(section, bundleFolder(state), sources[kindOf(section)])));
    await stopEsbuild();
    const urls = urlsOf(built, port);
    const workers = built.map((worker) => workerOptions(worker, urls, secrets, options));
    const withPort = [...workers.slice(0, PORTS), ...beside];
    mf = new Miniflare(miniflareOptions(withPort, workers.slice(PORTS), options));
    await mf.ready;
    const database = await mf.getD1Database("DB", "headgate-management");
    await migrate(database);
    const permissions = await mf.getKVNamespace("PERMISSIONS", "headgate-management");
    const running = mf;
    return { urls, secrets, database, permissions, stop: () => running.dispose().finally(closeState) };
  } catch (error) {
    await mf?.dispose();
    closeState();
    // taken between the look above and now
    if ((error as { code?: string }).code === "ERR_ADDRESS_IN_USE") throw inUse(`one of the ports ${port} to ${port + PORTS - 1}`, PORTS);
    throw error;
  }
}

function urlsOf(built: BuiltWorker[], port: number): Urls {
  const edges: Record<string, string> = {};
  let management = "";
  for (const [index, { section, options }] of built.entries()) {
    const url = `http://${HOST}:${port + index}`;
    const kind = kindOf(section);
    if (kind === "edge") edges[String(settingsOf(options)["REGION"])] = url;
    else if (kind === "management") management = url;
  }
  return { management, edges };
}

function workerOptions(
  { section, name, script, options }: BuiltWorker,
  urls: Urls,
  secrets: Secrets,
  chosen: GatewayOptions,
): WorkerOptions {
  const bindings: Record<string, unknown> = { ...settingsOf(options), ...secretsOf(section, secrets) };
  if (kindOf(section) !== "management") Object.assign(bindings, chosen.edgeSettings);
  else
    Object.assign(bindings, { PUBLIC_URL: urls.management, REGIONS: withLocalUrls(bindings["REGIONS"], urls) }, chosen.managementSettings);
  return { ...options, name, modulesRoot: path.dirname(script), modules: [{ type: "ESModule", path: script }], bindings } as WorkerOptions;
}

/** The `vars` of a section of wrangler.toml. */
function settingsOf(options: BuiltWorker["options"]): Record<string, unknown> {
  return (options.bindings ?? {}) as Record<string, unknown>;
}

/** The regions with their binding names as configured, and the URL at which each edge answers here. */
function withLocalUrls(regions: unknown, { edges }: Urls) {
  const configured = Object.entries(regions as Record<string, { url: string; binding: string }>);
  return Object.fromEntries(configured.map(([id, region]) => [id, { ...region, url: edges[id] ?? region.url }]));
}

function miniflareOptions(withPort: WorkerOptions[], without: WorkerOptions[], { port, state, quiet }: GatewayOptions) {
  return convertV4MiniflareOptions({
    workers: [...withPort.map((worker, index) => ({ ...worker, unsafeDirectSockets: [{ host: HOST, port: port + index }] })), ...without],
    resourcePersistencePath: storageFolder(state),
    // the entry of Miniflare's own, which nobody uses: any port, and no fetched description of the machine's place
    host: HOST,
    port: 0,
    cf: false,
    logRequests: false,
    log: new Log(quiet ? LogLevel.ERROR : LogLevel.WARN),
    handleStructuredLogs: ({ level, message }) => {
      // workerd's own notes to its makers, such as on an alarm that was moved
      if (message.startsWith("NOSENTRY")) return;
      if (level === "error" || !quiet) console.error(message);
    },
  });
}
