/** Commands as a person runs them, in real processes, with state of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { call } from "../../src/local/api.ts";
import { listSegments, segmentLines } from "../../src/local/demo/segments.ts";
import { findFree } from "../../src/local/ports.ts";
import { type Local, localFile } from "../../src/local/state.ts";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const READY = /Ctrl-C stops it/;

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  process: ChildProcess;
  port: number;
  local: Local;
  /** What has been printed so far. */
  printed: Ended;
  ended: Promise<Ended>;
}

export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), "headgate-test-"));
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A script of src/local, to its end. */
export function command(script: string, ...args: string[]): Promise<Ended> {
  return follow(spawn(process.execPath, [path.join(ROOT, "src/local", script), ...args])).ended;
}

/** Runs lines as they would be pasted. */
export function shell(lines: string): Promise<Ended> {
  return follow(spawn("bash", ["-euc", lines])).ended;
}

/**
 * A gateway that is ready; it is ended after the test at the latest, with everything below it.
 * @param through `npm` runs what a person types; `node` spares a second.
 */
export async function start(state: string, through: "npm" | "node" = "node", port?: number): Promise<Running> {
  const first = port ?? (await findFree(3));
  const options = ["--port", String(first), "--state", state];
  const [program, args] =
    through === "npm"
      ? ["npm", ["start", "--silent", "--", ...options]]
      : [process.execPath, [path.join(ROOT, "src/local/start.ts"), ...options]];
  const child = spawn(program, args, { cwd: ROOT });
  const { printed, ended } = follow(child);
  onTestFinished(async () => {
    for (const pid of [...descendantsOf(child.pid as number), child.pid as number]) end(pid);
    await ended;
  });
  const ready = new Promise<void>((resolve) => child.stdout.on("data", () => READY.test(printed.stdout) && resolve()));
  await Promise.race([ready, ended]);
  if (!READY.test(printed.stdout)) throw new Error(`npm start ended with ${printed.code}: ${printed.stderr}`);
  return { process: child, port: first, local: readLocal(state), printed, ended };
}

export function readLocal(state: string): Local {
  return JSON.parse(readFileSync(localFile(state), "utf8"));
}

/** Writes a dataset out and reads all of it. */
export async function readBack(
  { management, edges, org, ownerToken, datasets }: Local,
  region: string,
): Promise<Record<string, unknown>[]> {
  const owner = { token: ownerToken, org };
  const name = datasets[region] as string;
  await call("POST", `${management}/v2/datasets/${name}/flush`, owner);
  const request = { name: "reader", datasetCapabilities: { [name]: { query: ["read"] } } };
  const { token } = await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, request);
  const dataset = { edge: edges[region] as string, name, token };
  const events: Record<string, unknown>[] = [];
  for (const { id } of await listSegments(dataset)) for await (const line of segmentLines(dataset, id)) events.push(JSON.parse(line));
  return events;
}

/** All processes below one, by /proc. */
export function descendantsOf(pid: number): number[] {
  const children = processes().filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child.pid, ...descendantsOf(child.pid)]);
}

/** The `workerd` below a process. */
export function workerdOf(pid: number): number {
  const below = descendantsOf(pid);
  const workerd = processes().find((process) => process.name === "workerd" && below.includes(process.pid));
  if (!workerd) throw new Error(`no workerd below process ${pid}`);
  return workerd.pid;
}

/** Whether a process still runs; one that only waits to be counted by its parent does not. */
export function runs(pid: number): boolean {
  return processes().some((process) => process.pid === pid && process.state !== "Z");
}

function processes(): { pid: number; name: string; state: string; parent: number }[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && existsSync(`/proc/${entry}/stat`))
    .flatMap((entry) => {
      const stat = /^(\d+) \((.*)\) (\S) (\d+)/.exec(readStat(entry));
      return stat ? [{ pid: Number(stat[1]), name: stat[2] as string, state: stat[3] as string, parent: Number(stat[4]) }] : [];
    });
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return ""; // gone since it was listed
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone already
  }
}

function follow(child: ChildProcess): { printed: Ended; ended: Promise<Ended> } {
  const printed: Ended = { code: null, stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => (printed.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text) => (printed.stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve(Object.assign(printed, { code })));
  });
  return { printed, ended };
}
