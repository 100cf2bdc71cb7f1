/** The Go module under test, by the user's own Go, its settings and its caches. */
import { spawn } from "node:child_process";
import { Stop } from "../../src/local/stop.ts";
import type { Suite } from "./suites.ts";

const MODULE = "github.com/axiomhq/axiom-go";
/** Compiling all of its dependencies takes minutes on a small machine. */
const FETCH_TIMEOUT_MS = 600_000;
const RUN_TIMEOUT_MS = 1_200_000;
const NO_GO = "Go is not installed; its suites are run where `go` is on the path";
const MESSAGE_LENGTH_MAX = 300;

export interface Module {
  version: string;
  /** Unpacked in Go's module cache, read-only. */
  folder: string;
}

/** What is missing on this machine, in words. */
export class NotRun extends Error {}

/** @throws NotRun without Go, without a proxy that has the module, or without one that has what its tests need. */
export async function fetchModule(version: string): Promise<Module> {
  const { code, stdout, stderr } = await go(["mod", "download", "-json", `${MODULE}@${version}`], FETCH_TIMEOUT_MS);
  const answer = parse(stdout);
  const folder = answer["Dir"];
  if (code !== 0 || typeof folder !== "string") throw notRun("its module could not be fetched", String(answer["Error"] ?? stderr));
  const listed = await go(["list", "-mod=readonly", "-test", "-deps", "./axiom/...", "./adapters/..."], FETCH_TIMEOUT_MS, { folder });
  if (listed.code !== 0) throw notRun("what its tests are built with could not be fetched, or this Go is too old for it", listed.stderr);
  return { version, folder };
}

/**
 * The events of `go test -json`, one a line. Packages run one after another: they share one organisation.
 * @throws NotRun when nothing could be built.
 */
export async function runSuites({ folder }: Module, suites: readonly Suite[], settings: Record<string, string>): Promise<string> {
  const names = [...new Set(suites.map(({ test }) => test))];
  const packages = [...new Set(suites.map(({ folder }) => `./${folder}`))];
  const flags = ["-json", "-mod=readonly", "-count=1", "-p=1", "-timeout=15m", `-run=^(${names.join("|")})$`];
  const { stdout, stderr, code } = await go(["test", ...flags, ...packages], RUN_TIMEOUT_MS, { folder, settings });
  if (code !== 0 && !stdout.includes('"Action":"run"')) throw notRun("its tests could not be built", stderr || stdout);
  return stdout;
}

function notRun(what: string, why: string): NotRun {
  return new NotRun(`${what}: ${why.trim().split("\n").slice(-3).join(" / ").slice(-MESSAGE_LENGTH_MAX)}`);
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @throws NotRun when there is no `go` on the path. */
function go(
  args: string[],
  timeoutMs: number,
  { folder, settings }: { folder?: string; settings?: Record<string, string> } = {},
): Promise<Ended> {
  // whatever the person's own shell says of Axiom is another deployment's
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("AXIOM_"));
  const signal = AbortSignal.timeout(timeoutMs);
  const env = { ...Object.fromEntries(own), ...settings };
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, { ...(folder && { cwd: folder }), env, stdio: ["ignore", "pipe", "pipe"], signal });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT" ? new NotRun(NO_GO) : signal.aborted ? new Stop(`go ${args[0]} took longer than ${timeoutMs} ms`) : error,
      ),
    );
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
