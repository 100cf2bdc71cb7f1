/** The edge, with routes that scan a dataset and do nothing with what they find. The bench builds it in place of the real entry. */
import type { Destination } from "../../src/edge/buffer/segment.ts";
import { type EdgeEnv, settingsOf } from "../../src/edge/env.ts";
import { openColumns } from "../../src/edge/query/apl/columns.ts";
import { LIMITS, openAccount } from "../../src/edge/query/source/account.ts";
import { windowsOf } from "../../src/edge/query/source/lines.ts";
import { openScan } from "../../src/edge/query/source/scan.ts";
import { piecesOf } from "../../src/edge/query/source/segments.ts";
import edge, { Quota, Region } from "../../src/edge/worker.ts";
import { NAIVE, SCAN_PATH, SCANS, type ScanKind } from "./scans.ts";

export { Quota, Region };

/** What a scan has done. */
interface Done {
  rows: number;
  lines: number;
}

const ALWAYS = { from: 0, to: 1e16 };

export default {
  async fetch(request: Request, env: EdgeEnv, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith(SCAN_PATH)) return edge.fetch(request, env, ctx);
    const destination = await destinationOf(env, searchParams.get("org") ?? "", searchParams.get("dataset") ?? "");
    const name = pathname.slice(SCAN_PATH.length);
    const kind = SCANS[name];
    if (name === NAIVE) return Response.json(await parsed(destination, env));
    return kind ? Response.json(await scanned(kind, destination, env)) : new Response(null, { status: 404 });
  },
};

async function scanned({ names, texts, take }: ScanKind, destination: Destination, env: EdgeEnv): Promise<Done> {
  const destinations = new Map([[destination.dataset, destination]]);
  const reach = { env, shards: 1, destinations, mapFields: new Map(), rowIds: false, clock: Date.now };
  // the clock goes on while a Worker computes here, which it does not on the platform
  const { scan, examined } = openScan({ ...reach, limits: { ...LIMITS, runMsMax: Number.POSITIVE_INFINITY } });
  let found = 0;
  for await (const rows of scan(destination.dataset, { names, texts, ...ALWAYS }, openColumns())) {
    found += rows.length;
    if (take !== null && found >= take) break;
  }
  return { rows: found, lines: examined().rowsExamined };
}

/** As little around JSON.parse as there can be: the fastest inflation and splitting that is known here, and ASCII is decoded as it is. */
async function parsed(destination: Destination, env: EdgeEnv): Promise<Done> {
  const account = openAccount(Date.now, { ...LIMITS, runMsMax: Number.POSITIVE_INFINITY });
  const decoder = new TextDecoder();
  let lines = 0;
  let rows = 0;
  async function* bytes() {
    for await (const piece of piecesOf(destination, ALWAYS, { env, shards: 1, clock: Date.now }, account))
      if (piece.bytes) yield piece.bytes;
  }
  for await (const windows of windowsOf(bytes(), Number.POSITIVE_INFINITY)) {
    for (const window of windows) {
      for (const line of decoder.decode(window.bytes).split("\n")) {
        if (line === "") continue;
        lines++;
        if (typeof JSON.parse(line) === "object") rows++;
      }
    }
  }
  return { rows, lines };
}

/** Only the edge's documents know ids by names; the keys do too. */
async function destinationOf(env: EdgeEnv, org: string, dataset: string): Promise<Destination> {
  const prefix = `v1/org=${org}/dataset=${dataset}/id=`;
  const { delimitedPrefixes } = await env.SEGMENTS.list({ prefix, delimiter: "/" });
  const datasetId = delimitedPrefixes[0]?.slice(prefix.length, -1) ?? "";
  return { org, dataset, datasetId, region: settingsOf(env).region };
}
