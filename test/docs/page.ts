/** The page about queries in its parts. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Stage } from "./corpus.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** What the page is about. */
export const QUERY = path.join(ROOT, "src/edge/query");

export const page = readFileSync(path.join(ROOT, "src/docs/queries.md"), "utf8");
const BLOCK = /^```(\w.*)\n([\s\S]*?)^```$/gm;
export const prose = page.replaceAll(BLOCK, "");

/** Lines of the blocks that are in this language. */
export function blocks(language: string): string[] {
  return [...page.matchAll(BLOCK)].flatMap(([, info, text = ""]) => (info === language ? text.trim().split("\n") : []));
}

export function section(title: string): string {
  return page.split(/^#{2,3} /m).find((one) => one.startsWith(`${title}\n`)) ?? "";
}

/** What stands between backticks. */
export function codes(text = ""): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** Cells of a section's table, from 1, without its heading. */
export function rows(title: string): string[][] {
  const lines = section(title)
    .split("\n")
    .filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => line.split("|").map((cell) => cell.trim()));
}

/** When the examples ask, and of what. */
export const stage: Stage = {
  datasets: Object.fromEntries(["logs", "owners"].map((name) => [name, blocks(`ndjson ${name}`)])),
  virtual: { slow: "ms > 100" },
  now: Date.UTC(2026, 0, 2, 12),
};
