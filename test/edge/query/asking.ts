/** What tests of query routes share: a request that goes through the door, and a storage that only writes down what it was asked. */
import type { Entry } from "../../../src/edge/enter.ts";
import { openAccount } from "../../../src/edge/limits/account.ts";
import type { Answer, Asked } from "../../../src/edge/query/asked.ts";
import { query } from "../../../src/edge/query/routes.ts";
import { asProblem } from "../../../src/problem.ts";
import { env } from "../gateway.ts";

export interface Outcome {
  status: number;
  reason: string;
  message: string;
  /** What storage was asked, if it was. */
  asked: Asked | null;
  response: Response | null;
  bodyRead: boolean;
}

export async function ask(
  token: string | null,
  dataset: string | null,
  body: unknown,
  {
    search = "",
    headers: more = {},
    answer = { kind: "answered", body: new TextEncoder().encode("{}") } as Answer,
  }: { search?: string; headers?: Record<string, string>; answer?: Answer } = {},
): Promise<Outcome> {
  const now = Date.now();
  const waitUntil = () => {};
  const account = openAccount(env, now, waitUntil);
  const entry: Entry = { ip: null, proven: null, now, waitUntil, purpose: "other", account, degraded: false };
  const url = new URL(`https://edge.example/v1/query/_apl${search}`);
  const headers = new Headers({ ...more, ...(token === null ? {} : { authorization: `Bearer ${token}` }) });
  const request = new Request(url, {
    method: "POST",
    headers,
    body: typeof body === "string" || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  });
  let asked: Asked | null = null;
  const storage = async (question: Asked) => {
    asked = question;
    return answer;
  };
  const call = { dataset, query: url.searchParams, headers, now };
  const outcome = { status: 200, reason: "", message: "" };
  let response: Response | null = null;
  try {
    response = await query(dataset === null ? "apl" : "legacy", request, call, entry, "trace-1", storage, env);
  } catch (thrown) {
    const { status, reason, message } = asProblem(thrown);
    Object.assign(outcome, { status, reason, message });
  }
  return { ...outcome, asked, response, bodyRead: request.bodyUsed };
}
