/** `GET /v1/datasets/{id}/info`, which axiom-rs still asks for: how much of a dataset there is, by its region's list of segments. */
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import type { Request } from "../request.ts";
import { ANY_CREDENTIAL, type DatasetRoute, type Route } from "../route.ts";
import { asOne, serve } from "./at-edge.ts";
import { listFields } from "./fields.ts";
import type { Dataset } from "./store.ts";

const SEGMENTS_PER_PAGE = 1_000;
/** The newest are counted; of what is older nothing is. */
const PAGES_MAX = 10;

const Page = v.object({
  segments: v.array(v.object({ rows: v.number(), bytes: v.number(), minTime: v.string(), maxTime: v.string() })),
  buffered: v.object({ rows: v.number(), bytes: v.number() }),
  nextCursor: v.nullable(v.string()),
});
type Page = v.InferOutput<typeof Page>;

const common = { method: "GET", as: "dataset", by: ANY_CREDENTIAL, needs: null, on: "query:read", run: info } as const;

export const datasetInfo: Route[] = ["/v1", "/api/v1"].map(
  (version): DatasetRoute => ({ ...common, path: `${version}/datasets/:dataset/info` }),
);

/** Both sizes are those of what is kept: raw ones are listed nowhere. The times are those of what is written out. */
async function info(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  const fields = await listFields(c.env.DB, dataset.id);
  const reach = await asOne(c, caller, dataset);
  let [blocks, events, bytes] = [0, 0, 0];
  let [first, last]: [string | null, string | null] = [null, null];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const url = new URL(`/v1/datasets/${encodeURIComponent(dataset.name)}/segments?limit=${SEGMENTS_PER_PAGE}`, c.req.url);
    if (cursor) url.searchParams.set("cursor", cursor);
    const { segments, buffered, nextCursor }: Page = await read(await serve(c, caller, dataset.region, reach, new Request(url)));
    for (const { rows, bytes: size, minTime, maxTime } of segments) {
      events += rows;
      bytes += size;
      if (first === null || Date.parse(minTime) < Date.parse(first)) first = minTime;
      if (last === null || Date.parse(maxTime) > Date.parse(last)) last = maxTime;
    }
    blocks += segments.length;
    if (page === 0) events += buffered.rows;
    if (page === 0) bytes += buffered.bytes;
    cursor = nextCursor;
    if (cursor === null) break;
  }
  return c.json({
    ...{ name: dataset.name, numBlocks: blocks, numEvents: events, numFields: fields.length, inputBytes: bytes, compressedBytes: bytes },
    ...{ minTime: first, maxTime: last },
    ...{ who: dataset.who, created: new Date(dataset.createdAt).toISOString(), fields },
  });
}

/** @throws Problem `store-unavailable` for a refusal: nothing of the request was the sender's. */
async function read(answer: Response): Promise<Page> {
  const page = v.safeParse(Page, await answer.json());
  if (!answer.ok || !page.success)
    throw new Problem("store-unavailable", "the dataset's region could not count it; send the request again in a second");
  return page.output;
}
