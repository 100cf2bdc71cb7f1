/** One exchange with the server that answers a dataset's queries: bounded in time and size, never redirected, silent about secrets. */
import type { UpstreamSettings } from "../../../access/upstream-settings.ts";
import { Problem } from "../../../problem.ts";
import { openReceiver, type Reply, SINK_TIMEOUT_MS } from "../../sinks/receiver.ts";

/** Of an answer, inflated: it is held whole, as text and as values. */
export const UPSTREAM_ANSWER_BYTES_MAX = 16_000_000;
const RETRY_AFTER_S = 5;

export interface Exchange {
  /**
   * @returns the answer, whatever its status, unless it says that this is not the time.
   * @throws Problem `upstream-failed` or `overloaded`, which names the dataset and no secret.
   */
  send(url: URL, init: RequestInit): Promise<Reply>;
  /** That the server would not or could not answer. */
  failure(what: string, said?: string): Problem;
  /** That there is no room for the query now, or not for so large a one. */
  busy(what: string): Problem;
  /** That there is something wrong with the query. */
  refusal(said: string): Problem;
}

/** @param secrets opened. */
export function openExchange(fetch: typeof globalThis.fetch, { url, secrets }: UpstreamSettings, dataset: string): Exchange {
  const { send, quote } = openReceiver(fetch, url, secrets);
  const { host } = new URL(url);
  // where a dataset's queries go is its owner's business
  const excerpt = (text: string) => quote(text.replaceAll(host, "[server]"));
  const server = `the server that answers queries of dataset ${dataset}`;
  const failure = (what: string, said = "") => {
    const words = excerpt(said);
    return new Problem("upstream-failed", `${server} ${what}${words && `: ${words}`}`);
  };
  const busy = (what: string) => new Problem("overloaded", `${server} ${what}`, {}, RETRY_AFTER_S);
  return {
    failure,
    busy,
    refusal: (said) => new Problem("query-invalid", `${server} refuses the query: ${excerpt(said) || "no reason given"}`),
    async send(address, init) {
      const reply = await send(address, init, UPSTREAM_ANSWER_BYTES_MAX).catch((error: unknown) => {
        const late = error instanceof Error && error.message.includes(`within ${SINK_TIMEOUT_MS} ms`);
        if (late) throw busy(`gave no answer within ${SINK_TIMEOUT_MS / 1_000} s; ask for less, or later`);
        throw failure("could not be reached, or broke off");
      });
      if (reply.status === 429 || reply.status === 503) throw busy(`has no room for the query now (${reply.status}); try again later`);
      // what is cut off is no answer; its end would be missed without a word
      if (isOk(reply) && reply.text.length >= UPSTREAM_ANSWER_BYTES_MAX / 4 && bytesOf(reply.text) >= UPSTREAM_ANSWER_BYTES_MAX)
        throw tooLarge();
      if (reply.status >= 300 && reply.status < 400)
        throw failure(`answered ${reply.status}, a redirect, which is not followed: name the address that it leads to`);
      return reply;
    },
  };
}

export function isOk({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}

function tooLarge(): Problem {
  return new Problem(
    "query-invalid",
    `the answer is larger than ${UPSTREAM_ANSWER_BYTES_MAX / 1_000_000} MB; project fewer fields, take fewer rows, or summarize`,
  );
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** @throws the exchange's failure for what is no JSON. */
export function jsonOf({ failure }: Exchange, { text }: Reply): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failure("answered with what is no JSON", text);
  }
}
