/** The gateway under torture, as the process that kills it sees it. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Local } from "../../src/local/state.ts";
import { workerdPid } from "../bench/load.ts";
import { FAILURE_MARK } from "./bucket.ts";
import type { Setup } from "./gateway.ts";

export const WAYS_TO_DIE = ["workerd", "workerd and its parent", "its parent"] as const;
export type Death = (typeof WAYS_TO_DIE)[number];

export interface Victim {
  local: Local;
  /** Writes to the bucket that failed, as far as the log tells; what was logged in the moment of a kill is not in it. */
  failures(): number;
  /** Ends processes without any warning. False when there was none to end. */
  kill(death: Death): Promise<boolean>;
  /** Waits until `edge` answers again, and starts what does not come back by itself. */
  revive(edge: string): Promise<void>;
  stop(): Promise<void>;
}

const SCRIPT = path.join(import.meta.dirname, "gateway.ts");
const STARTS_MAX = 3;
const ALIVE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 25;
const LINES_KEPT = 40;

export async function startVictim(setup: Setup): Promise<Victim> {
  let failures = 0;
  const said: string[] = [];
  const listen = (line: string) => {
    if (line.startsWith(FAILURE_MARK)) failures++;
    else if (said.push(line) > LINES_KEPT) said.shift();
  };
  const begin = async () => {
    for (let start = 1; start <= STARTS_MAX; start++) {
      const begun = await spawnGateway(setup, listen);
      if (begun) return begun;
    }
    throw new Error(`the gateway did not start; it said last:\n${said.join("\n")}`);
  };
  const first = await begin();
  let { child, ended } = first;

  const kill = async (death: Death) => {
    const workerd = workerdOf(child);
    if (workerd === null) return false;
    if (death !== "workerd") child.kill("SIGKILL");
    if (death !== "its parent") process.kill(workerd, "SIGKILL");
    if (death !== "workerd") await ended;
    return true;
  };
  const revive = async (edge: string) => {
    const deadline = performance.now() + ALIVE_WITHIN_MS;
    while (!(await answers(edge))) {
      if (hasEnded(child)) ({ child, ended } = await begin());
      if (performance.now() > deadline) throw new Error(`the gateway did not come back; it said last:\n${said.join("\n")}`);
      await delay(LOOK_EVERY_MS);
    }
    // an orphaned workerd still answers
    if (hasEnded(child)) ({ child, ended } = await begin());
  };
  const stop = async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
  return { local: first.local, failures: () => failures, kill, revive, stop };
}

/** Null when it ends before it is ready. */
async function spawnGateway(setup: Setup, listen: (line: string) => void) {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(setup)], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  for (const output of [child.stdout, child.stderr]) if (output) createInterface(output).on("line", listen);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = new Promise<Local>((resolve) => child.once("message", (local) => resolve(local as Local)));
  const local = await Promise.race([ready, ended]);
  return local ? { child, ended, local } : null;
}

function workerdOf({ pid }: ChildProcess): number | null {
  try {
    return workerdPid(pid);
  } catch {
    return null;
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function answers(edge: string): Promise<boolean> {
  return fetch(`${edge}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
