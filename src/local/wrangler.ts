/** Runs wrangler's command line, quietly where it succeeds. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "./bundle.ts";
import { Stop } from "./stop.ts";

const COMMAND = path.join(path.dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/**
 * Waits for `wrangler <args>` in the project's folder. `show` passes its output on as it comes; else it is shown on failure only.
 * @throws Stop when it fails.
 */
export async function wrangler(args: string[], { show }: { show: boolean }): Promise<void> {
  // wrangler's own level of talk: ours is "error", and a deployment's address is news
  const env = show ? { ...process.env, WRANGLER_LOG: "log" } : process.env;
  const child = spawn(process.execPath, ["--no-warnings", COMMAND, ...args], {
    cwd: ROOT,
    env,
    stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Stop(`wrangler ${args.join(" ")} failed\n${output}`.trimEnd());
}
