/** Where datasets are kept: a query is carried out and its answer written. */
import { asProblem, Problem } from "../../problem.ts";
import type { Answer, Asked } from "./asked.ts";
import type { Means } from "./means.ts";
import { legacyAplReply, legacyQueryReply } from "./reply/legacy.ts";
import { tabularReply } from "./reply/tabular.ts";
import { runApl } from "./run-apl.ts";
import { runLegacy } from "./run-legacy.ts";

/** Bytes of an answer: an RPC takes 32 MiB. */
const ANSWER_BYTES_MAX = 30_000_000;

/** Never throws: what is wrong with a query, or with what it needs, is an answer too. */
export async function runQuery(asked: Asked, means: Means): Promise<Answer> {
  try {
    const body = new TextEncoder().encode(JSON.stringify(await replyTo(asked, means)));
    if (body.length > ANSWER_BYTES_MAX)
      throw new Problem("query-invalid", "the answer is larger than 30 MB; project fewer fields, take fewer rows, or summarize");
    return { kind: "answered", body };
  } catch (thrown) {
    const { reason, message, members } = asProblem(thrown);
    return { kind: "refused", reason, detail: message, members };
  }
}

async function replyTo(asked: Asked, means: Means): Promise<unknown> {
  const { question } = asked;
  if (question.kind === "legacy") return legacyQueryReply(await runLegacy(question.request, question.dataset, asked, means));
  const result = await runApl(question.request, asked, means);
  return question.request.format === "tabular" ? tabularReply(result) : legacyAplReply(result);
}
