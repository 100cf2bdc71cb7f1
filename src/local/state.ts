/**
 * What a local gateway keeps in its state folder:
 *
 *     v3/           KV, D1, R2 and Durable Objects, where `wrangler … --local --persist-to <folder>` looks for them
 *     secrets.json  the secrets of the deployment, made once
 *     local.json    URLs and credentials for whoever uses it; there once everything in it works
 *     process.json  the process that has the folder open
 *     bundles/      the built Workers
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { kindOf, type WorkerSection } from "./bundle.ts";
import { Stop } from "./stop.ts";

/** Secrets under the names they have as bindings of the Workers. */
export interface Secrets {
  TOKEN_TAG_KEYS: string;
  SETUP_TOKEN: string;
  SINK_SECRETS_KEY: string;
}

/** The content of local.json. */
export interface Local {
  management: string;
  /** Base URLs by region id. */
  edges: Record<string, string>;
  org: string;
  ownerToken: string;
  ingestToken: string;
  /** Dataset names by region id. */
  datasets: Record<string, string>;
}

const TAG_KEY_BYTES = 32;
const SETUP_TOKEN_BYTES = 32;
/** As AES-256 has it. */
const SEAL_KEY_BYTES = 32;
const OWNER_ONLY = 0o600;

export const localFile = (folder: string): string => path.join(folder, "local.json");
export const storageFolder = (folder: string): string => path.join(folder, "v3");
export const bundleFolder = (folder: string): string => path.join(folder, "bundles");
const seedingFile = (folder: string): string => path.join(folder, "seeding.json");
export const secretsFile = (folder: string): string => path.join(folder, "secrets.json");
const processFile = (folder: string): string => path.join(folder, "process.json");

/** The process that last took the folder and did not let go of it; `alive` is whether it still can. */
export function holderOf(folder: string): { pid: number; alive: boolean } | null {
  const holder = readJson<{ pid: number }>(processFile(folder));
  return holder && { pid: holder.pid, alive: holder.pid !== process.pid && isAlive(holder.pid) };
}

/**
 * Makes the folder and takes it for this process: two runtimes on one set of SQLite files would not see each other's locks.
 * @returns what lets go of it again.
 * @throws Stop when a living process has it.
 */
export function openState(folder: string): () => void {
  const holder = holderOf(folder);
  if (holder?.alive)
    throw new Stop(
      `${folder} is in use by process ${holder.pid}; stop that, or choose another folder with: npm start -- --state DIR\n` +
        `(if process ${holder.pid} is not a Headgate, remove ${processFile(folder)})`,
    );
  mkdirSync(folder, { recursive: true });
  writePrivately(processFile(folder), { pid: process.pid });
  return () => rmSync(processFile(folder), { force: true });
}

/** The secrets kept in `file`. Those that it lacks, because it is new or of an earlier version, are made and kept. */
export function readSecrets(file: string): Secrets {
  const kept = readJson<Partial<Secrets>>(file) ?? {};
  const secrets: Secrets = {
    TOKEN_TAG_KEYS: `1:${randomBytes(TAG_KEY_BYTES).toString("base64url")}`,
    SETUP_TOKEN: randomBytes(SETUP_TOKEN_BYTES).toString("base64url"),
    SINK_SECRETS_KEY: `1:${randomBytes(SEAL_KEY_BYTES).toString("base64url")}`,
    ...kept,
  };
  if (Object.keys(secrets).every((name) => Object.hasOwn(kept, name))) return secrets;
  mkdirSync(path.dirname(file), { recursive: true });
  writePrivately(file, secrets);
  return secrets;
}

/** Those that a Worker needs, and no others: only management may set up the first organisation, and only storage opens what sinks hide. */
export function secretsOf(section: WorkerSection, secrets: Secrets): Partial<Secrets> {
  const { TOKEN_TAG_KEYS, SINK_SECRETS_KEY } = secrets;
  return { management: secrets, edge: { TOKEN_TAG_KEYS }, storage: { SINK_SECRETS_KEY } }[kindOf(section)];
}

/** What an earlier start left, whole or, when it was interrupted while seeding, in part. */
export function readLocal(folder: string): Partial<Local> | null {
  return readJson<Local>(localFile(folder)) ?? readJson<Partial<Local>>(seedingFile(folder));
}

/** Keeps what cannot be had a second time, the owner's token, before local.json is complete. */
export function keepSeeding(folder: string, part: Partial<Local>): void {
  writePrivately(seedingFile(folder), part);
}

export function writeLocal(folder: string, local: Local): void {
  writePrivately(localFile(folder), local);
  rmSync(seedingFile(folder), { force: true });
}

/** Through a new file, so that no reader meets half of one. */
export function writePrivately(file: string, value: unknown): void {
  const written = `${file}.new`;
  rmSync(written, { force: true });
  writeFileSync(written, `${JSON.stringify(value, null, 2)}\n`, { mode: OWNER_ONLY });
  renameSync(written, file);
}

function readJson<T>(file: string): T | null {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    throw new Stop(`${file} is not JSON; mend or remove it`);
  }
}

/** Not so for a process that has ended and only waits to be counted by its parent, for ever where nobody does that. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
}
