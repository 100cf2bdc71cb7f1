/**
 * Queries of a dataset that another server answers. The door has judged what the caller may read; here it is made sure that nothing but that
 * one dataset is asked for there, with the dataset's own credential and never with the caller's.
 */
import { open, type SealKeys, upstreamSecretContext } from "../../../access/seal.ts";
import { type UpstreamSettings, upstreamFault } from "../../../access/upstream-settings.ts";
import { asProblem, Problem } from "../../../problem.ts";
import { QueryFault } from "../apl/fault.ts";
import { parseQuery } from "../apl/parse.ts";
import type { Answer, Asked } from "../asked.ts";
import type { DatasetFields } from "../dataset-fields.ts";
import { faultProblem } from "../fault.ts";
import type { Means } from "../means.ts";
import { closedRange } from "../range.ts";
import { runQuery } from "../run-query.ts";
import { askAxiom } from "./axiom.ts";
import { clickhouseMeans } from "./clickhouse.ts";
import { askHttp } from "./http.ts";

/** With what it is asked. */
export interface Outside {
  readonly fetch: typeof globalThis.fetch;
  readonly sealKeys: SealKeys;
}

type Upstreams = Pick<DatasetFields, "upstreams">;

/**
 * Never throws: what is wrong with a query, or with who should answer it, is an answer too.
 * @returns null where no dataset of the query is answered elsewhere: then our own engine does.
 */
export async function runUpstream(asked: Asked, means: Means & Upstreams, outside: Outside): Promise<Answer | null> {
  const names = Object.keys(asked.destinations);
  const dataset = names.find((name) => means.upstreams.has(name));
  const settings = dataset === undefined ? undefined : means.upstreams.get(dataset);
  if (dataset === undefined || settings === undefined) return null;
  try {
    return await answer(asked, dataset, settings, means, outside);
  } catch (thrown) {
    const { reason, message, members } = asProblem(thrown instanceof QueryFault ? textFault(asked, thrown) : thrown);
    return { kind: "refused", reason, detail: message, members };
  }
}

async function answer(
  asked: Asked,
  dataset: string,
  settings: UpstreamSettings,
  means: Means,
  { fetch, sealKeys }: Outside,
): Promise<Answer> {
  const { question, destinations } = asked;
  const other = Object.keys(destinations).find((name) => name !== dataset);
  if (other !== undefined)
    throw new Problem(
      "query-invalid",
      `dataset ${dataset} is answered by another server, so it cannot stand in one query with ${other}: ask for each by itself`,
    );
  const upstream = opened(settings, dataset, destinations[dataset]?.datasetId ?? "", sealKeys);
  if (upstream.type === "clickhouse") {
    if (question.request.cursor)
      throw new Problem("query-invalid", "cursors are not available for datasets answered by ClickHouse: go on by a condition on _time");
    return runQuery(asked, clickhouseMeans(upstream, dataset, means, fetch));
  }
  if (question.kind === "legacy")
    throw new Problem("query-invalid", `dataset ${dataset} is answered by another server, which is asked in APL: use /v1/query/_apl`);
  const { request } = question;
  if (upstream.type === "axiom") return whole(await askAxiom(request, upstream, dataset, fetch));
  const range = closedRange(request.range, parseQuery(request.apl), asked.now * 1_000);
  return whole(await askHttp(request, range, upstream, dataset, fetch, means.clock));
}

function whole(body: unknown): Answer {
  return { kind: "answered", body: new TextEncoder().encode(JSON.stringify(body)) };
}

/** @throws Problem `upstream-failed` for settings that cannot work until the owner mends them. */
function opened(settings: UpstreamSettings, dataset: string, datasetId: string, keys: SealKeys): UpstreamSettings {
  const unusable = (why: string) =>
    new Problem("upstream-failed", `the settings of dataset ${dataset} name a server for its queries that cannot be asked: ${why}`);
  const secrets: Record<string, string> = {};
  try {
    for (const [name, sealed] of Object.entries(settings.secrets))
      secrets[name] = open(sealed, keys, upstreamSecretContext(datasetId, name));
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : "a secret does not open");
  }
  const fault = upstreamFault({ ...settings, secrets });
  if (fault !== null) throw unusable(fault);
  return { ...settings, secrets };
}

function textFault({ question }: Asked, fault: QueryFault): Problem {
  return question.kind === "apl" ? faultProblem(question.request.apl, fault) : new Problem("query-invalid", fault.message);
}
