/** Who changed what. Entries are written by `commit`, in the batch of their change; here they are read. */
import { Problem } from "../problem.ts";
import type { Caller } from "./caller.ts";
import type { Request } from "./request.ts";
import { ANY_CREDENTIAL, type Route } from "./route.ts";

const PAGE_MAX = 1_000;
const PAGE = 100;

interface EntryRow {
  seq: number;
  at: number;
  actorKind: string;
  actorId: string;
  actorName: string;
  action: string;
  target: string;
  detail: string;
  traceId: string;
}

export const audit: Route[] = [{ method: "GET", path: "/v2/audit", as: "caller", by: ANY_CREDENTIAL, needs: "auditLog:read", run: list }];

/** Headgate's own: the newest first; `nextCursor` goes back in time. */
async function list(c: Request, caller: Caller): Promise<Response> {
  const limit = wholeNumber("limit", c.req.query("limit"), PAGE, PAGE_MAX);
  const before = wholeNumber("cursor", c.req.query("cursor"), Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const { results } = await c.env.DB.prepare(
    `SELECT seq, at, actor_kind AS actorKind, actor_id AS actorId, actor_name AS actorName, action, target, detail, trace_id AS traceId
    FROM audit WHERE org = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
  )
    .bind(caller.org, before, limit)
    .all<EntryRow>();
  return c.json({ entries: results.map(view), nextCursor: results.length < limit ? null : String(results.at(-1)?.seq) });
}

function view({ seq, at, actorKind, actorId, actorName, detail, ...rest }: EntryRow) {
  return {
    id: String(seq),
    at: new Date(at).toISOString(),
    actor: { kind: actorKind, id: actorId, name: actorName },
    ...rest,
    detail: JSON.parse(detail),
  };
}

function wholeNumber(name: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined || text === "") return otherwise;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most)
    throw new Problem("parameter-invalid", `${name} must be a whole number from 1 to ${most}`);
  return number;
}
