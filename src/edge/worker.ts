/** The edge of one region: composition only. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Removed } from "../access/chore.ts";
import { asProblem, Problem, problemResponse } from "../problem.ts";
import type { Destination } from "./buffer/segment.ts";
import { allowOrigin, preflight } from "./cors.ts";
import type { Entry } from "./enter.ts";
import type { EdgeEnv } from "./env.ts";
import { health } from "./health.ts";
import { ingest } from "./ingest.ts";
import { purge, RETENTION_CRON, runChores, settingsChanged, trim } from "./life.ts";
import { openAccount } from "./limits/account.ts";
import { reportDue } from "./limits/usage.ts";
import { INGEST_ROUTES } from "./protocols/index.ts";
import type { Call } from "./protocols/protocol.ts";
import { askStorage } from "./query/ask-storage.ts";
import { QUERY_ROUTES, query } from "./query/routes.ts";
import { replay } from "./replay.ts";
import { matchPath } from "./route.ts";
import { flushAll, segmentBytes, segmentList } from "./segments.ts";
import { stats } from "./stats.ts";
import { tail } from "./tail/route.ts";

export { Quota } from "./limits/quota.ts";

export default {
  fetch(request: Request, env: EdgeEnv, ctx: ExecutionContext): Promise<Response> {
    // the only header that is believed about a sender's address: the platform sets it, and sets it anew when a client sends it
    return serve(request, { ip: request.headers.get("cf-connecting-ip"), proven: null }, newTraceId(), env, ctx);
  },

  async scheduled({ cron, scheduledTime }: ScheduledController, env: EdgeEnv): Promise<void> {
    await runChores(env, { retention: cron === RETENTION_CRON }, scheduledTime);
  },
} satisfies ExportedHandler<EdgeEnv>;

/** What the management Worker may ask of this region. Reachable through a service binding only. */
export class Region extends WorkerEntrypoint<EdgeEnv> {
  flush(destination: Destination): Promise<{ segments: number; rows: number }> {
    return flushAll(destination, this.env);
  }

  /** For deleted datasets only: whoever calls has made sure. */
  purge(destination: Destination): Promise<Removed> {
    return purge(destination, this.env);
  }

  /** The owner has chosen other sinks. */
  settingsChanged(destination: Destination): Promise<void> {
    return settingsChanged(destination, this.env);
  }

  trim(destination: Destination, beforeMs: number): Promise<Removed> {
    return trim(destination, beforeMs, this.env);
  }

  /** A request that came to management, of somebody who is proven there and may do this with the dataset in its path. */
  serve(request: Request, from: Origin, traceId: string): Promise<Response> {
    return serve(request, from, traceId, this.env, this.ctx);
  }
}

type Origin = Pick<Entry, "ip" | "proven">;

async function serve(request: Request, from: Origin, traceId: string, env: EdgeEnv, ctx: ExecutionContext): Promise<Response> {
  const now = Date.now();
  const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work);
  const entry: Entry = { ...from, now, waitUntil, purpose: "other", account: openAccount(env, now, waitUntil), degraded: false };
  const response = await answer(request, env, entry, traceId);
  await entry.account.close(response);
  const report = reportDue(env, now);
  if (report) waitUntil(report);
  // whoever could not be proven anew is told
  if (entry.degraded) response.headers.set("auth-degraded", "1");
  response.headers.set("x-axiom-trace-id", traceId);
  // what is answered depends on the credential
  response.headers.set("cache-control", "no-store");
  return allowOrigin(response);
}

async function answer(request: Request, env: EdgeEnv, entry: Entry, traceId: string): Promise<Response> {
  if (request.method === "OPTIONS") return preflight();
  const url = URL.parse(request.url);
  if (!url)
    return problemResponse(new Problem("parameter-invalid", "the request's Host and path make no URL; mend the Host header"), traceId);
  for (const { path, protocol } of INGEST_ROUTES) {
    const parameters = matchPath(path, url.pathname);
    if (!parameters) continue;
    try {
      requireMethod(request, "POST");
      entry.purpose = "ingest";
      const call = callOf(request, url, parameters["dataset"] ?? null, entry.now);
      return await ingest({ request, call, entry, traceId }, protocol, env);
    } catch (thrown) {
      return protocol.refuse(asProblem(thrown), traceId);
    }
  }
  try {
    return await read(request, url, entry, env, traceId);
  } catch (thrown) {
    return problemResponse(asProblem(thrown), traceId);
  }
}

async function read(request: Request, url: URL, entry: Entry, env: EdgeEnv, traceId: string): Promise<Response> {
  if (url.pathname === "/healthz") return health(env);
  for (const { path, kind } of QUERY_ROUTES) {
    const parameters = matchPath(path, url.pathname);
    if (!parameters) continue;
    requireMethod(request, "POST");
    const call = callOf(request, url, parameters["dataset"] ?? null, entry.now);
    return query(kind, request, call, entry, traceId, askStorage(env), env);
  }
  const list = matchPath("/v1/datasets/:dataset/segments", url.pathname);
  const one = matchPath("/v1/datasets/:dataset/segments/:id", url.pathname);
  const replayed = matchPath("/v1/datasets/:dataset/quarantine/:id/replay", url.pathname);
  const counted = matchPath("/v1/datasets/:dataset/stats", url.pathname);
  const watched = matchPath("/v1/datasets/:dataset/tail", url.pathname);
  if (!list && !one && !counted && !replayed && !watched)
    throw new Problem(
      "route-unknown",
      `${url.pathname} is no route of this edge; events go to POST /v1/ingest/<dataset>, and /v2 is on the management Worker, at its own address`,
    );
  requireMethod(request, replayed ? "POST" : "GET");
  const call = callOf(request, url, (replayed ?? counted ?? one ?? watched ?? list)?.["dataset"] ?? null, entry.now);
  if (replayed) return replay(call, replayed["id"] ?? "", traceId, entry, env);
  if (counted) return stats(call, entry, env);
  if (watched) return tail(request, call, entry, () => Date.now(), env);
  if (one) return segmentBytes(call, one["id"] ?? "", entry, env);
  return segmentList(call, entry, env);
}

function callOf(request: Request, url: URL, dataset: string | null, now: number): Call {
  return { dataset, query: url.searchParams, headers: request.headers, now };
}

function requireMethod(request: Request, method: string): void {
  if (request.method !== method) throw new Problem("method-not-allowed", `this path takes ${method}, not ${request.method}`);
}

function newTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
