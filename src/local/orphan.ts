/** A workerd that outlived the process which started it: `kill -9` gives that one no chance to end its child. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Ends every workerd that has files of `folder` open, and says whether there was any; its ports are free a moment later. To be
 * called only when nobody living owns the folder. Looks into /proc: elsewhere than on Linux it finds none.
 */
export function endOrphans(folder: string): boolean {
  const orphans = workerdsIn(folder);
  for (const pid of orphans) process.kill(pid, "SIGKILL");
  return orphans.length > 0;
}

function workerdsIn(folder: string): number[] {
  return entries("/proc")
    .filter((entry) => /^\d+$/.test(entry) && isWorkerd(entry) && hasOpen(entry, `${folder}/`))
    .map(Number);
}

function isWorkerd(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "workerd";
  } catch {
    return false; // gone since it was listed
  }
}

function hasOpen(pid: string, prefix: string): boolean {
  return entries(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(prefix);
    } catch {
      return false;
    }
  });
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or not ours to read
  }
}
