/** `npm run build`: each Worker as wrangler would upload it, its size against a ceiling, and what it must not contain. */
import "./offline.ts";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, WORKERS, type WorkerSection } from "./bundle.ts";
import { type Built, ceilingOf, complaintsAbout } from "./ceilings.ts";
import { readOptions } from "./options.ts";
import { run, Stop } from "./stop.ts";
import { wrangler } from "./wrangler.ts";

const USAGE = `Usage: npm run build

Bundles every Worker into dist/<section>, prints the sizes, and fails above a ceiling. Needs no network and no account.`;

await run(async () => {
  readOptions(USAGE, {});
  const built: Built[] = [];
  for (const section of WORKERS) built.push(await buildWorker(section));
  for (const { section, rawBytes, gzipBytes } of built)
    console.log(`${section.padEnd(20)} ${kB(rawBytes)} kB   ${kB(gzipBytes)} kB gzip   ceiling ${kB(ceilingOf(section))} kB gzip`);
  const complaints = built.flatMap(complaintsAbout);
  if (complaints.length > 0) throw new Stop(complaints.join("\n"));
});

async function buildWorker(section: WorkerSection): Promise<Built> {
  const folder = path.join(ROOT, "dist", section);
  const metafile = path.join(folder, "meta.json");
  rmSync(folder, { recursive: true, force: true });
  await wrangler(["deploy", "--dry-run", "--minify", "--outdir", folder, "--metafile", metafile, "-e", section], { show: false });
  const meta = JSON.parse(readFileSync(metafile, "utf8")) as Metafile;
  // named after its entry
  const [output] = Object.entries(meta.outputs).find(([, { entryPoint }]) => entryPoint) ?? [];
  if (!output) throw new Error(`${metafile} names no entry`);
  const script = readFileSync(path.join(folder, path.basename(output)));
  return {
    section,
    rawBytes: script.length,
    gzipBytes: gzipSync(script).length,
    inputs: Object.keys(meta.inputs),
  };
}

/** As esbuild writes it. */
interface Metafile {
  inputs: Record<string, unknown>;
  outputs: Record<string, { entryPoint?: string }>;
}

function kB(bytes: number): string {
  return (bytes / 1_000).toFixed(1).padStart(6);
}
