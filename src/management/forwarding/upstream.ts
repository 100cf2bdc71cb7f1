/** `/v2/upstream`: where an organisation's requests go for what Headgate does not own. The token is sealed and never shown again. */
import * as v from "valibot";
import { open, seal } from "../../access/seal.ts";
import { trustedUrlFault } from "../../access/workload/fetch-trusted.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf, commit } from "../change.ts";
import { settingsOf } from "../env.ts";
import { type Request, readBody } from "../request.ts";
import type { Route } from "../route.ts";

export interface Upstream {
  url: string;
  /** Opened. */
  token: string;
  /** Sent as X-Axiom-Org-Id; empty: not sent. */
  org: string;
}

const NewUpstream = v.strictObject({
  url: v.string(),
  token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,4096}$/, "must be 1 to 4096 printable ASCII characters")),
  organisation: v.nullish(v.pipe(v.string(), v.regex(/^[\w.-]{0,128}$/, "must be letters, digits, '.', '-' and '_'"))),
});

const PLACE = { path: "/v2/upstream", as: "caller", by: ["session"], needs: null, admin: true } as const;

export const upstreams: Route[] = [
  { ...PLACE, method: "GET", run: get },
  { ...PLACE, method: "PUT", recent: true, run: put },
  { ...PLACE, method: "DELETE", recent: true, run: remove },
];

/** Null: none is configured. */
export async function upstreamOf(c: Request, org: string): Promise<Upstream | null> {
  const row = await find(c, org);
  if (!row) return null;
  return { url: row.url, org: row.upstreamOrg, token: open(row.token, settingsOf(c.env).sealKeys, contextOf(org)) };
}

async function get(c: Request, { org }: Caller): Promise<Response> {
  const row = await find(c, org);
  if (!row) throw unknown();
  return c.json({ url: row.url, organisation: row.upstreamOrg });
}

/** All of it anew: a token is never sent to another address than the one it was given with. */
async function put(c: Request, caller: Caller): Promise<Response> {
  const { url, token, organisation } = await readBody(c, NewUpstream);
  const { sealKeys, allowInsecure } = settingsOf(c.env);
  const fault = trustedUrlFault(url, allowInsecure);
  if (fault) throw new Problem("body-invalid", `url ${fault}`);
  if (new URL(url).search) throw new Problem("body-invalid", "url must hold no ?query; paths are added to it");
  if (sealKeys.size === 0) throw new Problem("not-configured", "SINK_SECRETS_KEY is not set, so the token cannot be kept; see the README");
  const base = url.replace(/\/+$/, "");
  const before = await find(c, caller.org);
  const entry = changeOf(c, caller, "upstream.set", caller.org, {
    before: before && { url: before.url, organisation: before.upstreamOrg },
    after: { url: base, organisation: organisation ?? "" },
  });
  const set = c.env.DB.prepare(
    `INSERT INTO upstreams (id, url, token, upstream_org, ver, change_id) SELECT ?, ?, ?, ?, 1, ? WHERE ${caller.unchanged.sql}
    ON CONFLICT (id) DO UPDATE SET url = excluded.url, token = excluded.token, upstream_org = excluded.upstream_org, ver = ver + 1,
      change_id = excluded.change_id`,
  ).bind(caller.org, base, seal(token, sealKeys, contextOf(caller.org)), organisation ?? "", entry.id, ...caller.unchanged.values);
  if (!(await commit(c.env.DB, entry, [set], { table: "upstreams", id: caller.org })))
    throw new Problem("conflict", "what you may do changed at the same moment; send the request again");
  return c.json({ url: base, organisation: organisation ?? "" });
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  const before = await find(c, caller.org);
  if (!before) throw unknown();
  const entry = changeOf(c, caller, "upstream.delete", caller.org, { before: { url: before.url } });
  const { DB: db } = c.env;
  // the row goes last, since the entry looks for it
  const mark = db.prepare("UPDATE upstreams SET change_id = ? WHERE id = ?").bind(entry.id, caller.org);
  await commit(db, entry, [mark], { table: "upstreams", id: caller.org });
  await db.prepare("DELETE FROM upstreams WHERE id = ? AND change_id = ?").bind(caller.org, entry.id).run();
  return c.body(null, 204);
}

function find(c: Request, org: string): Promise<{ url: string; token: string; upstreamOrg: string } | null> {
  return c.env.DB.prepare("SELECT url, token, upstream_org AS upstreamOrg FROM upstreams WHERE id = ?").bind(org).first();
}

function contextOf(org: string): string {
  return `upstream:${org}`;
}

function unknown(): Problem {
  return new Problem("resource-unknown", "not found: no upstream is configured; set one with PUT /v2/upstream");
}
