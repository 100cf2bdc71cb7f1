/** The corpus as objects in a folder, under the keys that a bucket would have. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { DATASETS, type Event } from "./corpus.ts";

const EVENTS_IN_MEMBER = [1, 90, 7, 260];
const MEMBERS_IN_OBJECT = 3;

/** Paths of the objects by dataset. */
export type Objects = ReadonlyMap<string, readonly string[]>;

export function writeObjects(folder: string): Objects {
  return new Map(
    Object.entries(DATASETS).map(([dataset, events]) => [
      dataset,
      objectsOf(events).map((members, i) => {
        const hour = String(i % 24).padStart(2, "0");
        const key = `v1/org=golden/dataset=${dataset}/id=${dataset}-id/date=2026-03-06/hour=${hour}/${String(i).padStart(6, "0")}.ndjson.gz`;
        const file = path.join(folder, key);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, Buffer.concat(members.map((lines) => gzipSync(`${lines.join("\n")}\n`))));
        return file;
      }),
    ]),
  );
}

/** Lines in members in objects. */
function objectsOf(events: readonly Event[]): string[][][] {
  const members: string[][] = [];
  for (let from = 0; from < events.length; ) {
    const length = EVENTS_IN_MEMBER[members.length % EVENTS_IN_MEMBER.length] ?? 1;
    members.push(events.slice(from, from + length).map((event) => JSON.stringify(event)));
    from += length;
  }
  return Array.from({ length: Math.ceil(members.length / MEMBERS_IN_OBJECT) }, (_, i) =>
    members.slice(i * MEMBERS_IN_OBJECT, (i + 1) * MEMBERS_IN_OBJECT),
  );
}
