/** Somebody with a credential, who keeps whatever they get by it and uses it for what comes next. */
import { digestOf } from "../../../../src/access/token.ts";
import { openApp } from "../../../../src/management/app.ts";
import type { Request } from "../../../../src/management/request.ts";
import { beginSession } from "../../../../src/management/sign-in/browser-session.ts";
import { identify } from "../../../../src/management/sign-in/identity.ts";
import type { Person } from "../../../../src/management/sign-in/protocol.ts";
import { getProvider } from "../../../../src/management/sign-in/provider-store.ts";
import { type Answer, call, env, type Reply } from "../../client.ts";
import type { Provider as Idp } from "../../issuers/provider.ts";
import { beyond, endsWithin, limitsWithin, networksWithin, type Points, pointsOfToken, pointsOfUser } from "./rights.ts";
import { type PersonalTokenRow, type Rows, rowsOf, type SessionRow, type TokenRow } from "./rows.ts";
import type { World } from "./world.ts";

export type Kind = "api" | "ingest" | "personal" | "session";

/** What bounds a credential beside its rights. */
interface Bound {
  end: number | null;
  networks: string[] | null;
  limits: Record<string, number> | null;
}

const UNBOUND: Bound = { end: null, networks: null, limits: null };

export interface Credential {
  secret: string;
  kind: Kind;
  /** Of the one that it was got by, which its own children have from it. */
  bound: Bound;
  /** As last seen: it only comes nearer. */
  end: number | null;
  /** Got by a way in that lasts, by an attacker whose start does not: it must do nothing. */
  powerless: boolean;
}

export interface Attacker {
  world: World;
  /** An identity provider of the attacker's own. */
  idp: Idp;
  rows: Rows;
  held: Credential[];
  /** Invitations' secrets. */
  links: string[];
  /** Whether the start counts for ever, from everywhere, without limits. */
  lasts: boolean;
  /** All that the start could do. */
  closure: Points;
  /** What was done, for whoever reads a failure. */
  log: string[];
  wrong: string[];
  /** Calls by route. */
  tally: Map<string, { tried: number; done: number }>;
}

export interface Move {
  /** As the table has it. */
  route: string;
  method: string;
  path: string;
  body?: unknown;
  /** Secrets in the answer, by kind. */
  gains?(answer: Answer): [Kind, string][];
  links?(answer: Answer): string[];
}

export type Row = TokenRow | PersonalTokenRow | SessionRow;

export function rowOf({ tokens, personal_tokens, sessions }: Rows, { secret }: Credential): Row | undefined {
  const digest = digestOf(secret);
  return [...tokens, ...personal_tokens, ...sessions].find((row) => row.digest === digest);
}

const isToken = (row: Row): row is TokenRow => "capabilities" in row;
const isSession = (row: Row): row is SessionRow => "authenticated_at" in row;
const isOver = (row: Row): boolean => (isSession(row) ? row.ended_at !== null : row.status === "revoked");

const known = new WeakMap<Rows, Map<Credential, Points>>();

/** Also of one that is disabled or has ended: it may come back. */
export function pointsOf(rows: Rows, credential: Credential): Points {
  const those = known.get(rows) ?? new Map<Credential, Points>();
  known.set(rows, those);
  const points = those.get(credential) ?? pointsNow(rows, credential);
  those.set(credential, points);
  return points;
}

function pointsNow(rows: Rows, credential: Credential): Points {
  const row = rowOf(rows, credential);
  if (!row || isOver(row)) return new Set();
  return isToken(row) ? pointsOfToken(row) : pointsOfUser(rows, row.user_id);
}

export function isFresh(rows: Rows, credential: Credential): boolean {
  const row = rowOf(rows, credential);
  return row !== undefined && isSession(row) && Date.now() - row.authenticated_at < FRESH_MS;
}

export async function attackerOf(world: World, idp: Idp, tally: Attacker["tally"]): Promise<Attacker> {
  const rows = await rowsOf(world.orgs);
  const { kind, secret } = world.start;
  const start: Credential = { kind, secret, bound: UNBOUND, end: null, powerless: false };
  const row = rowOf(rows, start) as Row;
  start.end = row.expires_at;
  start.bound = boundOf(row);
  const closure = pointsOf(rows, start);
  return { world, idp, rows, held: [start], links: [], lasts: lasts(rows, start), closure, log: [world.told], wrong: [], tally };
}

const FRESH_MS = 900_000;

/** Who has just signed in could do so again: such a session's end bounds nothing. */
function boundOf(row: Row): Bound {
  if (isToken(row))
    return { end: row.expires_at, networks: row.networks && JSON.parse(row.networks), limits: row.limits && JSON.parse(row.limits) };
  if (isSession(row) && Date.now() - row.authenticated_at < FRESH_MS) return UNBOUND;
  return { ...UNBOUND, end: row.expires_at };
}

/** Whether it counts for ever, from everywhere, without limits. */
function lasts(rows: Rows, credential: Credential): boolean {
  const row = rowOf(rows, credential);
  return row !== undefined && Object.values(boundOf(row)).every((one) => one === null);
}

/** Whether it would be taken now. */
export function isLive(rows: Rows, credential: Credential): boolean {
  const row = rowOf(rows, credential);
  if (!row || isOver(row) || (row.expires_at !== null && row.expires_at <= Date.now())) return false;
  return isToken(row) ? row.disabled === 0 : rows.users.some(({ id, status }) => id === row.user_id && status === "active");
}

export function ownsTeam(rows: Rows, credential: Credential): boolean {
  const row = rowOf(rows, credential);
  return row !== undefined && !isToken(row) && rows.team_members.some((one) => one.user_id === row.user_id && one.owner === 1);
}

/** One request, and a look at all that is held afterwards. */
export async function play(attacker: Attacker, actor: Credential, move: Move): Promise<void> {
  const reply = await send(attacker, actor, move);
  note(attacker, actor, move, reply.status, reply.status < 300 ? "" : `${reply.body.type} ${reply.body.message}`);
  // what was refused changed nothing, or the next look finds it
  if (reply.status >= 300) return;
  const before = attacker.rows;
  attacker.rows = await rowsOf(attacker.world.orgs);
  for (const [kind, secret] of move.gains?.(reply.body) ?? []) take(attacker, before, actor, kind, secret);
  attacker.links.push(...(move.links?.(reply.body) ?? []));
  judgeOthers(attacker, before, lasts(before, actor));
  judge(attacker);
}

async function send({ rows, world }: Attacker, actor: Credential, { method, path, body }: Move): Promise<Reply<Answer>> {
  const row = rowOf(rows, actor);
  const nets: string[] = row && isToken(row) && row.networks ? JSON.parse(row.networks) : [];
  const [address = "198.51.100.7"] = nets[0]?.split("/") ?? [];
  const headers = { "cf-connecting-ip": address };
  const credential = { token: actor.secret, org: world.org };
  return call(method, path, credential, body, { headers, instead: { IMPORTED_TOKENS: "true" } });
}

function note({ log, held, tally }: Attacker, actor: Credential, { route, method, path, body }: Move, status: number, why: string): void {
  const count = tally.get(route) ?? { tried: 0, done: 0 };
  tally.set(route, { tried: count.tried + 1, done: count.done + (status < 300 ? 1 : 0) });
  log.push(`#${held.indexOf(actor)} ${actor.kind}: ${method} ${path} ${JSON.stringify(body) ?? ""} -> ${status} ${why}`);
}

const MINTS: Record<Kind, Kind[]> = {
  api: ["api"],
  ingest: [],
  personal: ["api", "ingest"],
  session: ["api", "ingest", "personal", "session"],
};

/** A new credential made by another. */
function take({ rows, held, wrong }: Attacker, before: Rows, maker: Credential, kind: Kind, secret: string): void {
  const bound = maker.bound;
  const made: Credential = { secret, kind, bound, end: null, powerless: maker.powerless };
  const row = rowOf(rows, made);
  if (!row) throw new Error(`a ${kind} token that was answered is not in the database`);
  made.end = row.expires_at;
  held.push(made);
  const from = rowOf(before, maker);
  if (!MINTS[maker.kind].includes(kind)) wrong.push(`a ${maker.kind} token made a ${kind} token`);
  if (!isToken(row) && from && !isToken(from) && row.user_id !== from.user_id) wrong.push(`a ${kind} token is somebody else's`);
  if (kind === "personal" && bound.end !== null) wrong.push("a personal token was made without a recent sign-in");
  if (isSession(row) && from && isSession(from) && row.authenticated_at > from.authenticated_at)
    wrong.push("a session is more recent than the one that made it");
  if (!isSession(row)) {
    const orgs = isToken(row) ? [row.org] : before.members.filter(({ user_id }) => user_id === row.user_id).map(({ org }) => org);
    for (const { token_lifetime_max_ms: most } of before.orgs.filter(({ id }) => orgs.includes(id)))
      if (most !== null && (row.expires_at === null || row.expires_at > Date.now() + most)) wrong.push(`a ${kind} token lives too long`);
  }
}

/** What was got by a link or by a JWT of the attacker's own has no bound but the rights. */
export function gain({ held, lasts }: Attacker, kind: Kind, secret: string): void {
  held.push({ secret, kind, bound: UNBOUND, end: null, powerless: !lasts });
}

/** What roles give to people, whoever they are, is the start's to give, and given by what lasts. */
function judgeOthers({ rows, closure, wrong }: Attacker, before: Rows, byWhatLasts: boolean): void {
  for (const { id } of rows.users) {
    const given = beyond(pointsOfUser(before, id, "roles"), pointsOfUser(rows, id, "roles"));
    const more = byWhatLasts ? beyond(closure, new Set(given)) : given;
    if (more.length > 0) wrong.push(`${id} was given ${more.slice(0, 6).join("; ")}`);
  }
}

export async function look(attacker: Attacker): Promise<void> {
  attacker.rows = await rowsOf(attacker.world.orgs);
  judge(attacker);
}

/** Everything that is held, and every person and workload that the attacker may become, against what the start could do. */
function judge({ rows, held, links, lasts, closure, idp, wrong }: Attacker): void {
  const excess = (what: string, points: Points) => {
    const more = beyond(closure, points);
    if (more.length > 0) wrong.push(`${what} may ${more.slice(0, 6).join("; ")}`);
  };
  for (const [at, credential] of held.entries()) {
    const row = rowOf(rows, credential);
    if (!row || isOver(row)) continue;
    const name = `#${at} (${credential.kind})`;
    const points = pointsOf(rows, credential);
    excess(name, points);
    if (credential.powerless && points.size > 0) wrong.push(`${name} goes on when what it was got by has ended`);
    if (held[0]?.kind === "api" && credential.kind !== "api") wrong.push(`${name} was got by an API token`);
    const own = boundOf(row);
    if (!endsWithin(credential.bound.end, row.expires_at)) wrong.push(`${name} lives longer than what it was got by`);
    if (!endsWithin(credential.end, row.expires_at)) wrong.push(`${name} lives longer than before`);
    credential.end = row.expires_at;
    if (!networksWithin(credential.bound.networks, own.networks)) wrong.push(`${name} comes from more networks`);
    if (!limitsWithin(credential.bound.limits, own.limits)) wrong.push(`${name} has looser limits`);
  }
  for (const link of links) {
    const open = rows.invitations.find(({ digest, status }) => digest === digestOf(link) && status === "open");
    if (!open) continue;
    const points = pointsOfUser(rows, open.user_id);
    excess(`the link of ${open.user_id}`, points);
    if (!lasts && points.size > 0) wrong.push(`the link of ${open.user_id} goes on when what it was got by has ended`);
  }
  for (const { id, org, claims } of rows.issuers.filter(({ jwks_uri, status }) => jwks_uri === idp.jwksUri && status === "active"))
    for (const { grants } of JSON.parse(claims))
      excess(`workloads of ${id}`, pointsOfToken({ org, capabilities: JSON.stringify({ datasets: grants.datasets, org: [], views: {} }) }));
}

interface Told {
  org: string;
  provider: string;
  person: Person;
  link: string | null;
}

/** The sign-in from where the provider has answered. */
const door = openApp([
  {
    ...({ method: "POST", path: "/door", as: "anyone", by: "the tests" } as const),
    async run(c: Request) {
      const { org, provider: id, person, link } = (await c.req.json()) as Told;
      const provider = await getProvider(c.env.DB, org, id);
      c.header("set-cookie", await beginSession(c, provider, await identify(c, provider, person, link), person));
      return c.json({});
    },
  },
]);

/** Signs in with what a provider says, and makes a session token of it. */
export async function signIn(
  attacker: Attacker,
  { org, id, name }: { org: string; id: string; name: string },
  person: Omit<Person, "authenticatedAt" | "email">,
  link: string | null,
): Promise<void> {
  const { log } = attacker;
  const body = JSON.stringify({ org, provider: id, person: { ...person, email: null, authenticatedAt: null }, link });
  const response = await door.fetch(new globalThis.Request("https://management.example/door", { method: "POST", body }), env);
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  log.push(`sign in with ${name} as ${JSON.stringify(person)} by ${link ? "link" : "address"} -> ${response.status}`);
  if (response.status === 200) {
    const headers = { cookie, origin: "https://management.example.com", "content-type": "application/json" };
    const reply = await call("POST", "/auth/session-token", null, {}, { headers });
    if (reply.status !== 200) throw new Error(`a session that has just begun makes no token: ${reply.body.message}`);
    gain(attacker, "session", reply.body.token);
  }
  await look(attacker);
}
