/** Who changed what, by which credential, and what was refused. Headgate's own. */
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import type { Request } from "../request.ts";
import { ANY_CREDENTIAL, PEOPLE, type Route } from "../route.ts";
import { entriesOf } from "./entries.ts";
import { csvLine, EXPORT_FORMATS, type ExportFormat } from "./export.ts";
import { readFilter, wholeNumber } from "./filter.ts";
import { provenanceOf } from "./provenance.ts";
import { refusalsOf } from "./refusals.ts";

const PAGE_MAX = 1_000;
const PAGE = 100;

const READER = { method: "GET", as: "caller", by: ANY_CREDENTIAL, needs: "auditLog:read" } as const;

export const audit: Route[] = [
  { ...READER, path: "/v2/audit", run: list },
  { ...READER, path: "/v2/audit/export", run: exported },
  { ...READER, path: "/v2/audit/refusals", run: refused },
  // administrators see who made an object, by which token, without the whole log
  { method: "GET", path: "/v2/info/:kind/:target", as: "caller", by: PEOPLE, needs: null, admin: true, run: info },
];

/** The newest first; `nextCursor` goes back in time. A page may hold fewer than were asked for. */
async function list(c: Request, caller: Caller): Promise<Response> {
  const limit = wholeNumber("limit", c.req.query("limit"), PAGE, PAGE_MAX);
  const before = wholeNumber("cursor", c.req.query("cursor"), Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const { entries, next } = await entriesOf(c.env.DB, caller.org, readFilter(c), before, limit);
  return c.json({ entries, nextCursor: next });
}

/** All that the filter lets through, page by page while it is read. */
function exported(c: Request, { org }: Caller): Response {
  const filter = readFilter(c);
  const format = (c.req.query("format") ?? "ndjson") as ExportFormat;
  if (!Object.hasOwn(EXPORT_FORMATS, format))
    throw new Problem("parameter-invalid", `format must be one of ${Object.keys(EXPORT_FORMATS).join(", ")}`);
  const { DB } = c.env;
  let before = Number.MAX_SAFE_INTEGER;
  let first = true;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { entries, next } = await entriesOf(DB, org, filter, before, PAGE_MAX);
      before = Number(next);
      const text = (first && format === "csv" ? csvLine(null) : "") + entries.map(EXPORT_FORMATS[format].line).join("");
      first = false;
      if (text) controller.enqueue(new TextEncoder().encode(text));
      if (next === null) controller.close();
    },
  });
  const { type } = EXPORT_FORMATS[format];
  return c.body(body, 200, { "content-type": type, "content-disposition": `attachment; filename="audit.${format}"` });
}

async function refused(c: Request, { org }: Caller): Promise<Response> {
  const days = wholeNumber("days", c.req.query("days"), 30, 400);
  return c.json({ refusals: await refusalsOf(c.env.DB, org, c.var.now - days * 86_400_000, PAGE_MAX) });
}

async function info(c: Request, { org }: Caller): Promise<Response> {
  const [kind = "", target = ""] = [c.req.param("kind"), c.req.param("target")];
  const found = await provenanceOf(c.env.DB, org, kind, target);
  if (!found) throw new Problem("resource-unknown", `not found: nothing is known of the ${kind} ${target}`);
  return c.json(found);
}
