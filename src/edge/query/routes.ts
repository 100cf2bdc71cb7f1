/**
 * The routes of queries. Who may read nothing has no body read; who may not read one dataset of a query has none of it read. The work is
 * done where the datasets are kept.
 */
import { readAuthorization } from "../../access/authorization.ts";
import { Problem } from "../../problem.ts";
import { withBody } from "../body.ts";
import { type Entry, enter } from "../enter.ts";
import { type EdgeEnv, settingsOf } from "../env.ts";
import type { Call } from "../protocols/protocol.ts";
import { datasetName } from "../route.ts";
import { QueryFault } from "./apl/fault.ts";
import { datasetsIn, parseQuery } from "./apl/parse.ts";
import type { Answer, Asked, Question } from "./asked.ts";
import { faultProblem } from "./fault.ts";
import { permitted, requireReader } from "./permitted.ts";
import { readAplRequest } from "./request/apl.ts";
import { readLegacyRequest } from "./request/legacy.ts";

/** Bytes of a query's body, inflated. */
const QUERY_BYTES_MAX = 1_048_576;

type Kind = Question["kind"];

export const QUERY_ROUTES: readonly { readonly path: string; readonly kind: Kind }[] = [
  ...["/v1/query/_apl", "/v1/datasets/_apl", "/api/v1/datasets/_apl"].map((path) => ({ path, kind: "apl" as const })),
  ...["/v1/datasets/:dataset/query", "/api/v1/datasets/:dataset/query"].map((path) => ({ path, kind: "legacy" as const })),
];

/** Has a query carried out where its datasets are kept. */
export type AskStorage = (asked: Asked) => Promise<Answer>;

/** @throws Problem for the credential, the body, the query, a dataset that may not be read. */
export async function query(
  kind: Kind,
  request: Request,
  call: Call,
  entry: Entry,
  traceId: string,
  ask: AskStorage,
  env: EdgeEnv,
): Promise<Response> {
  const caller = await enter(() => readAuthorization(call.headers, call.query), null, entry, env);
  requireReader(caller);
  // a path that names a dataset is judged before the body is read
  const named = kind === "legacy" ? datasetName(call.dataset ?? "") : null;
  if (named !== null) await permitted([named], "path", caller, env, call.now);
  const question = readQuestion(named, await readBody(request), call);
  const destinations = await permitted(datasetsOf(question), named === null ? "query" : "path", caller, env, call.now);
  const answer = await ask({ question, destinations, shards: settingsOf(env).shards, now: call.now });
  if (answer.kind === "refused") throw new Problem(answer.reason, answer.detail, { ...answer.members });
  const headers: Record<string, string> = { "content-type": "application/json" };
  // no history is kept: the id is that of the request, which logs know as well
  if (question.request.save) headers["x-axiom-history-query-id"] = traceId;
  return new Response(answer.body as Uint8Array<ArrayBuffer>, { headers });
}

function readQuestion(dataset: string | null, body: Uint8Array, { query: parameters, now }: Call): Question {
  const micros = now * 1_000;
  if (dataset !== null) return { kind: "legacy", request: readLegacyRequest(body, parameters, micros), dataset };
  return { kind: "apl", request: readAplRequest(body, parameters, micros) };
}

function datasetsOf(question: Question): string[] {
  if (question.kind === "legacy") return [question.dataset];
  const { apl } = question.request;
  try {
    return datasetsIn(parseQuery(apl)).map(({ name }) => name);
  } catch (thrown) {
    throw thrown instanceof QueryFault ? faultProblem(apl, thrown) : thrown;
  }
}

async function readBody(request: Request): Promise<Uint8Array> {
  const tooLarge = () => new Problem("body-too-large", `a query's body may hold ${QUERY_BYTES_MAX} bytes, inflated; shorten the query`);
  if (Number(request.headers.get("content-length") ?? 0) > QUERY_BYTES_MAX) throw tooLarge();
  try {
    const body = await withBody(request, async (bytes) => bytes, undefined, QUERY_BYTES_MAX);
    if (body.length <= QUERY_BYTES_MAX) return body;
  } catch (thrown) {
    // what it says there is for those who send events
    if (!(thrown instanceof Problem) || thrown.reason !== "body-too-large") throw thrown;
  }
  throw tooLarge();
}
