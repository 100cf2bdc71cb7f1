/** The edge of one region: composition only. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { version } from "../../package.json";
import type { Removed } from "../access/chore.ts";
import { asProblem, Problem, problemResponse } from "../problem.ts";
import type { Destination } from "./buffer/segment.ts";
import { allowOrigin, preflight } from "./cors.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { ingest } from "./ingest.ts";
import { purge, RETENTION_CRON, runChores, settingsChanged, trim } from "./life.ts";
import { reportDue } from "./limits/usage.ts";
import { openVisit, type Visit } from "./limits/visit.ts";
import { INGEST_ROUTES } from "./protocols/index.ts";
import type { Call } from "./protocols/protocol.ts";
import { replay } from "./replay.ts";
import { matchPath } from "./route.ts";
import { flushAll, segmentBytes, segmentList } from "./segments.ts";
import { stats } from "./stats.ts";

export { Buffer } from "./buffer/buffer.ts";
export { Quota } from "./limits/quota.ts";

export default {
  async fetch(request: Request, env: EdgeEnv, ctx: ExecutionContext): Promise<Response> {
    const traceId = newTraceId();
    const now = Date.now();
    const visit = openVisit(env, now);
    const response = await answer(request, env, ctx, traceId, now, visit);
    await visit.close(response);
    const report = reportDue(env, now);
    if (report) ctx.waitUntil(report);
    response.headers.set("x-axiom-trace-id", traceId);
    return allowOrigin(response);
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
}

async function answer(
  request: Request,
  env: EdgeEnv,
  ctx: ExecutionContext,
  traceId: string,
  now: number,
  visit: Visit,
): Promise<Response> {
  if (request.method === "OPTIONS") return preflight();
  const url = URL.parse(request.url);
  if (!url)
    return problemResponse(new Problem("parameter-invalid", "the request's Host and path make no URL; mend the Host header"), traceId);
  for (const { path, protocol } of INGEST_ROUTES) {
    const parameters = matchPath(path, url.pathname);
    if (!parameters) continue;
    try {
      requireMethod(request, "POST");
      const call = callOf(request, url, parameters["dataset"] ?? null, now);
      return await ingest({ request, call, traceId, visit, waitUntil: (work) => ctx.waitUntil(work) }, protocol, env);
    } catch (thrown) {
      return protocol.refuse(asProblem(thrown), traceId);
    }
  }
  try {
    return await read(request, url, env, traceId, now, visit);
  } catch (thrown) {
    return problemResponse(asProblem(thrown), traceId);
  }
}

async function read(request: Request, url: URL, env: EdgeEnv, traceId: string, now: number, visit: Visit): Promise<Response> {
  if (url.pathname === "/healthz") return Response.json({ status: "ok", worker: "edge", region: settingsOf(env).region, version });
  const list = matchPath("/v1/datasets/:dataset/segments", url.pathname);
  const one = matchPath("/v1/datasets/:dataset/segments/:id", url.pathname);
  const replayed = matchPath("/v1/datasets/:dataset/quarantine/:id/replay", url.pathname);
  const counted = matchPath("/v1/datasets/:dataset/stats", url.pathname);
  if (!list && !one && !counted && !replayed)
    throw new Problem(
      "route-unknown",
      `${url.pathname} is no route of this edge; events go to POST /v1/ingest/<dataset>, and /v2 is on the management Worker, at its own address`,
    );
  requireMethod(request, replayed ? "POST" : "GET");
  if (replayed) return replay(callOf(request, url, replayed["dataset"] ?? null, now), replayed["id"] ?? "", traceId, visit, env);
  if (counted) return stats(callOf(request, url, counted["dataset"] ?? null, now), visit, env);
  if (one) return segmentBytes(callOf(request, url, one["dataset"] ?? null, now), one["id"] ?? "", visit, env);
  return segmentList(callOf(request, url, list?.["dataset"] ?? null, now), visit, env);
}

function callOf(request: Request, url: URL, dataset: string | null, now: number): Call {
  // of all headers that name an address the only one that the platform itself writes
  const ip = request.headers.get("cf-connecting-ip");
  return { dataset, query: url.searchParams, headers: request.headers, now, ip };
}

function requireMethod(request: Request, method: string): void {
  if (request.method !== method) throw new Problem("method-not-allowed", `this path takes ${method}, not ${request.method}`);
}

function newTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
