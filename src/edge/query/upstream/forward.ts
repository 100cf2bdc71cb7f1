/**
 * Queries of a dataset that another server answers. The door has judged what the caller may read; here it is made sure that nothing but that
 * one dataset is asked for there, with the dataset's own credential and never with the caller's.
 */
import { open, type SealKeys, upstreamSecretContext } from "../../../access/seal.ts";
import { type UpstreamSettings, upstreamFault } from "../../../access/upstream-settings.ts";
import { asProblem, Problem } from "../../../problem.ts";
import { QueryFault } from "../apl/fault.ts";
import { describeFault, parseExpression, parseQuery } from "../apl/parse.ts";
import type { Expression } from "../apl/syntax.ts";
import type { Answer, Asked } from "../asked.ts";
import { faultProblem } from "../fault.ts";
import { closedRange } from "../range.ts";
import { runQuery } from "../run-query.ts";
import { askAxiom } from "./axiom.ts";
import { clickhouseMeans } from "./clickhouse.ts";
import { askHttp } from "./http.ts";

/** What a dataset's settings say of its queries. */
export interface Answering {
  /** Secrets sealed. */
  readonly query: UpstreamSettings | null;
  readonly virtualFields?: readonly { readonly name: string; readonly expression: string }[];
}

export interface UpstreamMeans {
  readonly fetch: typeof globalThis.fetch;
  readonly sealKeys: SealKeys;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/**
 * Never throws: what is wrong with a query, or with who should answer it, is an answer too.
 * @param settings of every dataset that the query may read, by name.
 * @returns null where none of them is answered elsewhere: then our own engine does.
 */
export async function runUpstream(
  asked: Asked,
  settings: Readonly<Record<string, Answering>>,
  means: UpstreamMeans,
): Promise<Answer | null> {
  const names = Object.keys(asked.destinations);
  const elsewhere = names.find((name) => settings[name]?.query != null);
  if (elsewhere === undefined) return null;
  try {
    return await answer(asked, elsewhere, names, settings[elsewhere], means);
  } catch (thrown) {
    const { reason, message, members } = asProblem(thrown instanceof QueryFault ? textFault(asked, thrown) : thrown);
    return { kind: "refused", reason, detail: message, members };
  }
}

async function answer(
  asked: Asked,
  dataset: string,
  names: readonly string[],
  answering: Answering | undefined,
  means: UpstreamMeans,
): Promise<Answer> {
  const { question, destinations } = asked;
  const other = names.find((name) => name !== dataset);
  if (other !== undefined)
    throw new Problem(
      "query-invalid",
      `dataset ${dataset} is answered by another server, so it cannot stand in one query with ${other}: ask for each by itself`,
    );
  const datasetId = destinations[dataset]?.datasetId;
  if (!answering?.query || datasetId === undefined) throw new Problem("internal", "a query without its dataset");
  const upstream = opened(answering.query, dataset, datasetId, means.sealKeys);
  if (upstream.type === "clickhouse") {
    if (question.request.cursor)
      throw new Problem("query-invalid", "cursors are not available for datasets answered by ClickHouse: go on by a condition on _time");
    const fields = virtualFields(answering);
    return runQuery(asked, clickhouseMeans(upstream, dataset, fields, means.fetch, means.clock));
  }
  if (question.kind === "legacy")
    throw new Problem("query-invalid", `dataset ${dataset} is answered by another server, which is asked in APL: use /v1/query/_apl`);
  const { request } = question;
  if (upstream.type === "axiom") return whole(await askAxiom(request, upstream, dataset, means.fetch));
  const range = closedRange(request.range, parseQuery(request.apl), asked.now * 1_000);
  return whole(await askHttp(request, range, upstream, dataset, means.fetch, means.clock));
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

function virtualFields({ virtualFields: fields = [] }: Answering): ReadonlyMap<string, Expression> {
  return new Map(
    fields.map(({ name, expression }) => {
      try {
        return [name, parseExpression(expression)] as const;
      } catch (thrown) {
        if (!(thrown instanceof QueryFault)) throw thrown;
        throw new Problem("query-invalid", `the virtual field ${name} is no expression: ${describeFault(expression, thrown)}`);
      }
    }),
  );
}

function textFault({ question }: Asked, fault: QueryFault): Problem {
  return question.kind === "apl" ? faultProblem(question.request.apl, fault) : new Problem("query-invalid", fault.message);
}
