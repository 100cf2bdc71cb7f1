/**
 * A dataset watched at management's own address. Personal tokens and sessions end here at once, and the region knows nothing of them: so
 * whoever watches is proven here again and again.
 */
import { Problem } from "../../problem.ts";
import { callerOf, maySee, requireOn } from "../caller.ts";
import { regionUrls } from "../env.ts";
import type { Request } from "../request.ts";
import { ANY_CREDENTIAL } from "../route.ts";
import { type Dataset, getDataset } from "./store.ts";

/** Time between two proofs. */
const PROVE_EVERY_MS = 5_000;
/** A quarter of an hour, by when one request has asked the database as much as it should. */
const PROOFS_MAX = 180;

/** A WebSocket does not pass the call to the region. @throws Problem */
export function refuseUpgrade(c: Request, { region }: Dataset): void {
  if (c.req.header("upgrade") === undefined) return;
  const url = regionUrls(c.env)[region] ?? "the region's own address";
  throw new Problem(
    "parameter-invalid",
    `a dataset is watched by server-sent events here: leave the header Upgrade out, or open the WebSocket at ${url} with an API token`,
  );
}

/** The same answer, whose stream ends once its reader may not read the dataset any more. Its reader comes again and is told why not. */
export function whileProven(response: Response, c: Request, dataset: Dataset): Response {
  const { body } = response;
  if (response.status !== 200 || !body) return response;
  const over = new AbortController();
  const end = () => over.abort();
  void attend(c, dataset, over.signal)
    .catch((thrown) => {
      if (!over.signal.aborted && !(thrown instanceof Problem)) console.warn("a tail ended", dataset.id, String(thrown));
    })
    .finally(end);
  return new Response(until(over.signal, end, body), response);
}

/** What a source gives until then, and nothing of it after; a source that is silent is not waited for. */
function until(over: AbortSignal, end: () => void, source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const give = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      const { done, value } = await reader.read();
      if (over.aborted) return;
      if (done) end();
      else controller.enqueue(value);
    } catch {
      end(); // the region went away
    }
  };
  let left = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        over.addEventListener("abort", () => {
          if (!left) controller.close();
          void reader.cancel().catch(() => {});
        });
      },
      pull: give,
      cancel() {
        left = true;
        end();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Resolves when it has lasted long enough. @throws Problem once the reader may not go on. */
async function attend(c: Request, dataset: Dataset, over: AbortSignal): Promise<void> {
  const began = c.var.now;
  for (let proofs = 1; proofs <= PROOFS_MAX; proofs++) {
    await scheduler.wait(PROVE_EVERY_MS, { signal: over });
    c.set("now", began + proofs * PROVE_EVERY_MS);
    const caller = await callerOf(c, ANY_CREDENTIAL);
    const found = await getDataset(c.env.DB, caller.org, dataset.name, ({ id }) => maySee(caller, id));
    requireOn(caller, "query:read", found);
    if (found.id !== dataset.id) throw new Problem("dataset-unknown", `dataset ${dataset.name} is another one now`);
  }
}
