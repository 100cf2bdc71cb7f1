/** Ports on the loopback interface. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Stop } from "./stop.ts";

export const HOST = "127.0.0.1";

const ATTEMPTS_MAX = 100;
/** Below what operating systems give to outgoing connections, which may take a port between the look and its use. */
const FIND_FROM = 10_000;
const FIND_TO = 30_000;
const LOOK_EVERY_MS = 50;

/**
 * Waits up to `patienceMs` for ports that somebody is about to let go of.
 * @throws Stop naming the first of `count` consecutive ports that is taken.
 */
export async function requireFree(first: number, count: number, patienceMs = 0): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let port = first; port < first + count; port++) {
    while (!(await isFree(port))) {
      if (performance.now() < deadline) await delay(LOOK_EVERY_MS);
      else throw inUse(`port ${port}`, count);
    }
  }
}

/** Says what to do about a port that is taken. */
export function inUse(what: string, count: number): Stop {
  return new Stop(
    `${what} is in use, perhaps by another Headgate; stop that, or choose other ports with: npm start -- --port N  (uses N to N+${count - 1})`,
  );
}

/** The first of `count` consecutive ports that are free now. */
export async function findFree(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const first = randomInt(FIND_FROM, FIND_TO);
    const all = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (all.every(Boolean)) return first;
  }
  throw new Stop(`no ${count} consecutive free ports found`);
}

function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

/** Takes a port and lets it go again. */
function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (port > 65_535) return reject(new RangeError(`there is no port ${port}`));
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: HOST, exclusive: true }, () => {
      server.close(() => resolve());
    });
  });
}
