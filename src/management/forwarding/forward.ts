/**
 * A request that was allowed, sent on with the gateway's own credential. The sender's token, cookies and organisation never leave; what
 * the upstream says about the gateway's credential never reaches the sender as if it were about theirs.
 */
import { Problem } from "../../problem.ts";
import { type Caller, forbidden } from "../caller.ts";
import { changeOf, note } from "../change.ts";
import type { Request } from "../request.ts";
import { type Upstream, upstreamOf } from "./upstream.ts";

const ANSWER_TIMEOUT_MS = 30_000;
/** Nothing that a path could be led astray with: the URL is built from the decoded segments again. */
const SEGMENT = /^[A-Za-z0-9_~@:-][A-Za-z0-9_.~@:-]{0,127}$/;
const SENT_HEADERS: readonly string[] = ["accept", "accept-language", "content-type", "if-match", "if-none-match", "idempotency-key"];
const ANSWERED_HEADERS: readonly string[] = ["content-type", "etag", "last-modified", "link"];

/** @param read the body, if it was read already. */
export async function forward(c: Request, caller: Caller, read?: string): Promise<Response> {
  // an upstream knows nothing of teams and would show everything
  if (caller.visible !== null) throw forbidden("a role that no team restricts: what is behind the gateway is not divided by teams");
  const upstream = await upstreamOf(c, caller.org);
  if (!upstream)
    throw new Problem(
      "not-configured",
      `Headgate does not keep ${c.req.path} itself; an administrator can have it forwarded: PUT /v2/upstream {"url": "https://api.axiom.co", "token": "…"}`,
    );
  const target = targetOf(c, upstream);
  // noted first: an entry without an effect is better than the reverse
  if (c.req.method !== "GET") {
    const detail = { route: c.var.route, host: target.host };
    await note(c.env.DB, changeOf(c, caller, "upstream.forward", target.pathname, detail), "forwarded");
  }
  return answer(await send(c, target, upstream, read));
}

function targetOf(c: Request, { url }: Upstream): URL {
  const segments = new URL(c.req.url).pathname.split("/").slice(1).map(decoded);
  if (!segments.every((segment) => SEGMENT.test(segment)))
    throw new Problem("parameter-invalid", "the path may hold letters, digits and - _ . ~ @ : only; correct it");
  const target = new URL(`${url}/${segments.map(encodeURIComponent).join("/")}`);
  target.search = new URL(c.req.url).search;
  return target;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}

async function send(c: Request, target: URL, { token, org }: Upstream, read: string | undefined): Promise<Response> {
  const headers = new Headers();
  for (const name of SENT_HEADERS) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  headers.set("authorization", `Bearer ${token}`);
  if (org) headers.set("x-axiom-org-id", org);
  const hasBody = !["GET", "DELETE"].includes(c.req.method);
  try {
    return await fetch(target, {
      method: c.req.method,
      headers,
      body: hasBody ? (read ?? c.req.raw.body) : null,
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch (error) {
    console.warn("upstream failed", target.host, String(error));
    throw new Problem("upstream-failed", `the upstream ${target.host} gave no answer; send the request again`);
  }
}

function answer(response: Response): Response {
  const { status } = response;
  if (status === 401 || status === 403)
    throw new Problem(
      "upstream-failed",
      `the upstream refused the gateway's own credential (${status}); an administrator can renew it: PUT /v2/upstream`,
    );
  if (status >= 300 && status < 400) throw new Problem("upstream-failed", "the upstream answered with a redirect, which is not followed");
  const headers = new Headers();
  for (const name of ANSWERED_HEADERS) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(response.body, { status, headers });
}
