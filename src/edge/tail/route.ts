/**
 * `GET /v1/datasets/{dataset}/tail?apl=…`: what comes to a dataset, as it comes; by server-sent events, or by WebSocket to who asks for an
 * upgrade. The credential stands in the header as everywhere: a browser, which cannot set one for `EventSource` and `WebSocket`, reads
 * the stream of a `fetch`.
 */
import { readAuthorization } from "../../access/authorization.ts";
import { asProblem, Problem } from "../../problem.ts";
import { authenticate } from "../authenticate.ts";
import type { Destination } from "../buffer/segment.ts";
import { type Entry, enter } from "../enter.ts";
import { type EdgeEnv, settingsOf } from "../env.ts";
import { requireNetwork } from "../limits/network.ts";
import { permit } from "../permit.ts";
import type { Call } from "../protocols/protocol.ts";
import { datasetName } from "../route.ts";
import { socketViewer } from "./socket.ts";
import { streamViewer } from "./sse.ts";
import type { Viewer } from "./viewer.ts";
import { openWatch, readFrame } from "./watch.ts";

/**
 * Time between two proofs that a viewer still may: a request is let in for 12 s after its token was revoked at most, most of which is the
 * change feed's, of which a proof that meets it too old hears only at the next one. This leaves room for two.
 */
export const PROVE_EVERY_MS = 2_500;
/** In proofs: 15 s, within the idle times of proxies. */
const BEAT_EVERY = 6;
/** In proofs: half an hour, by when one request has asked as much of other Workers as it should. */
const PROOFS_MAX = 720;

/** @param clock epoch milliseconds. @throws Problem for the credential, the dataset, the query. */
export async function tail(request: Request, call: Call, entry: Entry, clock: () => number, env: EdgeEnv): Promise<Response> {
  const caller = await enter(() => readAuthorization(call.headers, call.query), null, entry, env);
  const name = datasetName(call.dataset ?? "");
  const { region, shards } = settingsOf(env);
  const { destination } = await permit(caller, "query:read", name, region, env, call.now);
  const isSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  const apl = call.query.get("apl") || `['${name}']`;
  const events = await openWatch({ destination, shards, apl, form: isSocket ? "json" : "sse" }, env);
  const viewer = isSocket ? socketViewer() : streamViewer();
  relay(events, viewer);
  const prove = () => proveAgain(call, entry, destination, clock(), env);
  void attend(viewer, prove, (ms) => scheduler.wait(ms, { signal: viewer.over }));
  return viewer.response;
}

function relay(events: WebSocket, viewer: Viewer): void {
  events.accept();
  events.addEventListener("message", ({ data }) => viewer.show(readFrame(String(data))));
  for (const ending of ["close", "error"] as const) events.addEventListener(ending, () => viewer.end(null));
  viewer.over.addEventListener("abort", () => events.close(1_000));
}

/**
 * Stays with a viewer until the connection is over. Never rejects.
 * @param prove throws a Problem when the viewer may not watch any more. @param pause rejects once the connection is over
 */
export async function attend(viewer: Viewer, prove: () => Promise<void>, pause: (ms: number) => Promise<void>): Promise<void> {
  try {
    for (let proofs = 1; proofs <= PROOFS_MAX; proofs++) {
      await pause(PROVE_EVERY_MS);
      await prove();
      if (proofs % BEAT_EVERY === 0) viewer.beat();
    }
    viewer.end(null);
  } catch (thrown) {
    if (!viewer.over.aborted) viewer.end(asProblem(thrown));
  }
}

/** As a request that came now would be judged, but that it is not counted. Whom management has proven, management proves again. */
async function proveAgain({ headers, query, dataset }: Call, entry: Entry, destination: Destination, now: number, env: EdgeEnv) {
  if (entry.proven) return;
  const caller = await authenticate(readAuthorization(headers, query), { ...entry, now }, env);
  requireNetwork(caller.set, entry.ip);
  const permitted = await permit(caller, "query:read", datasetName(dataset ?? ""), destination.region, env, now);
  if (permitted.destination.datasetId !== destination.datasetId)
    throw new Problem("dataset-unknown", `dataset ${destination.dataset} was deleted; what has its name now is another one`);
}
