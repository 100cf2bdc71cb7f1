/** Lines of text that a Debian system has anyway: what the package manager and the system wrote. */
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Stop } from "../stop.ts";

export interface Line {
  source: string;
  /** Its number in the source, from 1. */
  line: number;
  text: string;
}

const LOGS = ["/var/log/dpkg.log*", "/var/log/apt/*.log*", "/var/log/*.log", "/var/lib/dpkg/status"];
/** Where a system is so new that it has hardly any logs. */
const CHANGELOGS = "/usr/share/doc/*/changelog*.gz";

/** As many as are held; the events repeat them. */
const TEXT_BYTES_ENOUGH = 4_000_000;
const FILE_BYTES_MAX = 64_000_000;
const LINE_CHARACTERS_MAX = 4_000;

/** @throws Stop when there is nothing to read. */
export function readLines(): Line[] {
  const lines: Line[] = [];
  let bytes = 0;
  for (const file of [...LOGS.flatMap((pattern) => globSync(pattern).sort()), ...globSync(CHANGELOGS).sort()]) {
    if (bytes >= TEXT_BYTES_ENOUGH) break;
    for (const [index, text] of textOf(file).split("\n").entries()) {
      if (text === "") continue;
      lines.push({ source: file, line: index + 1, text: text.slice(0, LINE_CHARACTERS_MAX).toWellFormed() });
      bytes += text.length;
    }
  }
  if (lines.length === 0) throw new Stop("this system has no logs that may be read, and no changelogs");
  return lines;
}

/** Empty for what is no text, too large or not ours to read. */
function textOf(file: string): string {
  try {
    if (!existsSync(file) || !statSync(file).isFile() || statSync(file).size > FILE_BYTES_MAX || /\.(xz|bz2|zst)$/.test(file)) return "";
    const bytes = readFileSync(file);
    return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    return "";
  }
}
