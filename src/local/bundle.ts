/** Builds the Workers for a local workerd: the same entries and conditions that wrangler deploys with. */
import path from "node:path";
import { build, type Plugin } from "esbuild";
import { experimental_readRawConfig as readRawConfig, unstable_getMiniflareWorkerOptions as workerOptionsOf } from "wrangler";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export const CONFIG = path.join(ROOT, "wrangler.toml");
/** A storage's section is named after its edge's. */
const STORAGE_SUFFIX = "-storage";

/** A section of wrangler.toml: `management`, or a region's edge or storage. */
export type WorkerSection = string;

export const MANAGEMENT: WorkerSection = "management";
/** As they are written. */
export const EDGES: WorkerSection[] = regionSections().filter((section) => kindOf(section) === "edge");
export const STORAGES: WorkerSection[] = regionSections().filter((section) => kindOf(section) === "storage");
/** All of them. Those with a port here come first, in its order: management, then the edges. */
export const WORKERS: WorkerSection[] = [MANAGEMENT, ...EDGES, ...STORAGES];
export const PORTS = 1 + EDGES.length;

export type WorkerKind = "management" | "edge" | "storage";

export function kindOf(section: WorkerSection): WorkerKind {
  if (section === MANAGEMENT) return "management";
  return section.endsWith(STORAGE_SUFFIX) ? "storage" : "edge";
}

export interface BuiltWorker {
  section: WorkerSection;
  /** The Worker's name in wrangler.toml, by which service bindings find it. */
  name: string;
  script: string;
  /** Options as Miniflare's version 4 schema has them, bindings included. */
  options: ReturnType<typeof workerOptionsOf>["workerOptions"];
}

/** Sources in place of those that wrangler.toml names: what a test puts around or into a Worker. */
export interface OtherSource {
  entry: string;
  plugins: Plugin[];
}

/** Bundles one Worker into `outdir` and returns what Miniflare needs to run it. */
export async function bundleWorker(section: WorkerSection, outdir: string, source?: OtherSource): Promise<BuiltWorker> {
  const { main, workerOptions } = workerOptionsOf(CONFIG, section);
  // Paths of the configuration file's folder, which would send Miniflare looking for sources instead of the bundle.
  const { modulesRules: _rules, rootPath: _root, ...options } = workerOptions as typeof workerOptions & { rootPath?: string };
  const name = `headgate-${section}`;
  await build({
    entryPoints: { [name]: source?.entry ?? (main as string) },
    outdir,
    bundle: true,
    format: "esm",
    target: "es2024",
    sourcemap: "linked",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".md": "text" },
    logLevel: "error",
    plugins: source?.plugins ?? [],
  });
  return { section, name, script: path.join(outdir, `${name}.js`), options };
}

function regionSections(): WorkerSection[] {
  const sections = Object.keys(readRawConfig({ config: CONFIG }).rawConfig.env ?? {});
  return sections.filter((section) => section !== MANAGEMENT);
}
