/** Resident memory of a process, as Linux counts it. */
import { readFileSync, writeFileSync } from "node:fs";

/** `now`, and the most there was since the last `forgetPeak`; in bytes. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? Number.NaN) * 1_024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** Begins the peak anew at what is held now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
