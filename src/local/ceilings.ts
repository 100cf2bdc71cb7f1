/** What a built Worker must not exceed, and must not contain. */
import { kindOf, type WorkerKind, type WorkerSection } from "./bundle.ts";

/** A cold isolate loads the whole bundle, and there are many edges. */
const GZIP_BYTES_MAX: Record<WorkerKind, number> = { edge: 60_000, storage: 150_000, management: 150_000 };

/** The engine of queries: an edge reads a query's text to know its datasets, and no more. */
const ENGINE = ["aggregates", "compile", "execute", "expression", "functions", "operators", "plan", "regex"].map(
  (part) => `src/edge/query/apl/${part}`,
);

/**
 * The planes share words, never code of their own. Nor do the two Workers of a region: what an edge carries it loads before each first
 * answer, and nobody is let in at storage.
 */
const FOREIGN: Record<WorkerKind, string[]> = {
  edge: [
    "src/management/",
    "src/edge/storage.ts",
    "src/edge/buffer/buffer.ts",
    "src/edge/sinks/",
    "src/edge/query/source/",
    "src/edge/query/tail/",
    ...ENGINE,
  ],
  storage: ["src/management/", "src/edge/worker.ts", "src/edge/documents/", "src/edge/protocols/"],
  management: ["src/edge/"],
};

export interface Built {
  section: WorkerSection;
  rawBytes: number;
  gzipBytes: number;
  /** Paths of the sources in it. */
  inputs: string[];
}

export function ceilingOf(section: WorkerSection): number {
  return GZIP_BYTES_MAX[kindOf(section)];
}

/** One sentence for each thing that is wrong. */
export function complaintsAbout({ section, gzipBytes, inputs }: Built): string[] {
  const excess = gzipBytes - ceilingOf(section);
  const foreign = FOREIGN[kindOf(section)];
  return [
    ...(excess > 0 ? [`${section} is ${excess} bytes above its ceiling of ${ceilingOf(section)} bytes gzip`] : []),
    ...inputs.filter((input) => foreign.some((place) => input.includes(place))).map((input) => `${section} contains ${input}`),
  ];
}
