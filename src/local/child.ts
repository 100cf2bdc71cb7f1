/** `npm start` as a child process, for what needs a gateway of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { type Local, readLocal } from "./state.ts";
import { Stop } from "./stop.ts";

const START = path.join(import.meta.dirname, "start.ts");

export interface Child {
  local: Local;
  process: ChildProcess;
  /** Ends it as Ctrl-C would, and waits for that. */
  stop(): Promise<void>;
}

/**
 * Comes back when events are taken. Its errors go to this process's terminal, and it ends when this process does.
 * @throws Stop when it ends before.
 */
export async function startChild(port: number, state: string): Promise<Child> {
  const args = [START, "--port", String(port), "--state", state, "--quiet"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = new Promise<void>((resolve) => child.once("message", () => resolve()));
  await Promise.race([ready, ended]);
  if (child.exitCode !== null || child.signalCode !== null) throw new Stop("the gateway did not start");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { local: readLocal(state) as Local, process: child, stop };
}
