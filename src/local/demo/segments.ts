/** Reads a dataset back over the edge's reader. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { call } from "../api.ts";
import { Stop } from "../stop.ts";

export interface Segment {
  id: string;
  key: string;
  rows: number;
  bytes: number;
  minTime: string;
  maxTime: string;
}

export interface Dataset {
  /** Base URL of the dataset's edge. */
  edge: string;
  name: string;
  /** A token with `query: ["read"]`. */
  token: string;
}

interface Page {
  segments: Segment[];
  buffered: { rows: number };
  nextCursor: string | null;
}

/** All segments, newest first. */
export async function listSegments({ edge, name, token }: Dataset): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor && `?cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await call<Page>("GET", `${edge}/v1/datasets/${name}/segments${query}`, { token });
    segments.push(...page.segments);
    cursor = page.nextCursor;
  }
  return segments;
}

/** Its lines, one at a time, never the whole of it. */
export async function* segmentLines({ edge, name, token }: Dataset, id: string): AsyncGenerator<string> {
  const response = await fetch(`${edge}/v1/datasets/${name}/segments/${id}`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok || !response.body) throw new Stop(`segment ${id} answered ${response.status}: ${await response.text()}`);
  const unpacked = createGunzip();
  // a broken source or a broken member ends the loop below with its error
  pipeline(Readable.from(response.body), unpacked, () => {});
  const decoder = new TextDecoder();
  let rest = "";
  // node:readline would also split at U+2028, which stands in a JSON string as it is
  for await (const chunk of unpacked) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") throw new Stop(`segment ${id} ends in the middle of a line`);
}
