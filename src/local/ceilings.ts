/** What a built Worker must not exceed, and must not contain. */
import type { WorkerSection } from "./bundle.ts";

/** A cold isolate loads the whole bundle, and there are many edges. */
const EDGE_GZIP_BYTES_MAX = 60_000;
const MANAGEMENT_GZIP_BYTES_MAX = 150_000;

export interface Built {
  section: WorkerSection;
  rawBytes: number;
  gzipBytes: number;
  /** Paths of the sources in it. */
  inputs: string[];
}

export function ceilingOf(section: WorkerSection): number {
  return section === "management" ? MANAGEMENT_GZIP_BYTES_MAX : EDGE_GZIP_BYTES_MAX;
}

/** One sentence for each thing that is wrong; the planes share words, never code of their own. */
export function complaintsAbout({ section, gzipBytes, inputs }: Built): string[] {
  const excess = gzipBytes - ceilingOf(section);
  const foreign = section === "management" ? "src/edge/" : "src/management/";
  return [
    ...(excess > 0 ? [`${section} is ${excess} bytes above its ceiling of ${ceilingOf(section)} bytes gzip`] : []),
    ...inputs.filter((input) => input.includes(foreign)).map((input) => `${section} contains ${input}`),
  ];
}
