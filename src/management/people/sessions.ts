/**
 * `/v2/sessions`: session tokens for programs that act for a person for a while. They end 30 days after they were made, used or not, and
 * no ingest route takes them. A session gives the time of its own sign-in on, so it never makes another one more trusted than itself.
 */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { SESSION_LIFE_MS } from "../../access/staleness.ts";
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import type { Caller, Visitor } from "../caller.ts";
import { isRecent } from "../caller.ts";
import { type Author, type Condition, changeOf, commit } from "../change.ts";
import { settingsOf } from "../env.ts";
import { Description, type Request, readBody } from "../request.ts";
import { PEOPLE, type Route } from "../route.ts";
import { type Person, personOf } from "./person.ts";
import { insertSession, type NewSession } from "./session.ts";
import * as store from "./session-store.ts";
import { subjectOf } from "./subject.ts";

const BY_SESSION = ["session"] as const;

export const sessions: Route[] = [
  { method: "GET", path: "/v2/sessions", as: "visitor", by: BY_SESSION, run: list },
  { method: "POST", path: "/v2/sessions", as: "visitor", by: BY_SESSION, run: make },
  { method: "DELETE", path: "/v2/sessions", as: "visitor", by: BY_SESSION, run: removeAll },
  { method: "DELETE", path: "/v2/sessions/:id", as: "visitor", by: BY_SESSION, run: remove },
  { method: "GET", path: "/v2/users/:id/sessions", as: "caller", by: PEOPLE, needs: "users:update", run: listOfOther },
  { method: "DELETE", path: "/v2/users/:id/sessions", as: "caller", by: PEOPLE, needs: "users:update", run: removeAllOfOther },
  { method: "DELETE", path: "/v2/users/:id/sessions/:session", as: "caller", by: PEOPLE, needs: "users:update", run: removeOfOther },
];

async function list(c: Request, visitor: Visitor): Promise<Response> {
  const { user, credential } = personOf(visitor);
  return listed(c, user.id, credential.id);
}

async function make(c: Request, visitor: Visitor): Promise<Response> {
  const person = personOf(visitor);
  const { description } = await readBody(c, v.strictObject({ description: Description }));
  const { DB: db } = c.env;
  const token = mintToken("session", settingsOf(c.env).tagKeys);
  const session: NewSession = {
    ...{ id: randomUUID(), user: person.user.id, kind: "api", digest: digestOf(token), description: description ?? "" },
    ...{ hint: token.slice(-4), ...termOf(person, c.var.now) },
  };
  const expiresAt = new Date(session.expiresAt).toISOString();
  const change = changeOf(c, person, "session.create", session.id, { user: session.user, description: session.description, expiresAt });
  const room = store.roomForSession(session.user, c.var.now);
  const only = { sql: `${person.unchanged.sql} AND ${room.sql}`, values: [...person.unchanged.values, ...room.values] };
  if (!(await commit(db, change, [insertSession(db, session, change, only)], { table: "sessions", id: session.id })))
    throw new Problem(
      "conflict",
      `your session ended meanwhile, or you have ${store.SESSIONS_MAX} of them; end some at DELETE /v2/sessions/<id>`,
    );
  return c.json({ id: session.id, token, expiresAt });
}

/** The full time only soon after the sign-in: otherwise each session could make the next one, and none would ever have to end. */
function termOf({ authenticatedAt, expiresAt }: Person, now: number): { expiresAt: number; authenticatedAt: number } {
  const full = now + SESSION_LIFE_MS;
  const since = authenticatedAt ?? 0;
  return { expiresAt: isRecent(since, now) ? full : Math.min(full, expiresAt ?? full), authenticatedAt: since };
}

async function remove(c: Request, visitor: Visitor): Promise<Response> {
  const person = personOf(visitor);
  return removed(c, person, person.user.id, c.req.param("id") ?? "", person.unchanged);
}

/** Signs out everywhere, here too with `?current=true`. */
async function removeAll(c: Request, visitor: Visitor): Promise<Response> {
  const person = personOf(visitor);
  const { user, credential, unchanged } = person;
  return removedAll(c, person, user.id, readFlag("current", c.req.query("current")) ? null : credential.id, unchanged);
}

async function listOfOther(c: Request, caller: Caller): Promise<Response> {
  return listed(c, (await subjectOf(c, caller)).id, currentOf(caller));
}

async function removeOfOther(c: Request, caller: Caller): Promise<Response> {
  const { id: user } = await subjectOf(c, caller);
  return removed(c, caller, user, c.req.param("session") ?? "", caller.unchanged);
}

async function removeAllOfOther(c: Request, caller: Caller): Promise<Response> {
  return removedAll(c, caller, (await subjectOf(c, caller)).id, null, caller.unchanged);
}

function currentOf({ credential }: Caller): string | null {
  return credential.kind === "session" ? credential.id : null;
}

async function listed(c: Request, user: string, current: string | null): Promise<Response> {
  return c.json((await store.sessionsOf(c.env.DB, user, c.var.now)).map((session) => store.viewSession(session, current)));
}

async function removed(c: Request, author: Author, user: string, id: string, only: Condition): Promise<Response> {
  const { DB: db } = c.env;
  const known = await store.sessionsOf(db, user, c.var.now);
  if (!known.some((session) => session.id === id))
    throw new Problem("resource-unknown", `session not found: ${id}; GET lists those there are`);
  const change = changeOf(c, author, "session.delete", id, { user });
  if (!(await commit(db, change, [store.endSession(db, user, id, change, only)], { table: "sessions", id }))) throw overtaken();
  return c.body(null, 204);
}

/** Also when there was none to end. */
async function removedAll(c: Request, author: Author, user: string, except: string | null, only: Condition): Promise<Response> {
  const { DB: db } = c.env;
  const change = changeOf(c, author, "user.sign-out", user, { kept: except });
  const { statements, trace } = store.endSessions(db, user, except, change, only);
  if (!(await commit(db, change, statements, trace))) {
    const left = await store.sessionsOf(db, user, c.var.now);
    if (left.some(({ id }) => id !== except)) throw overtaken();
  }
  return c.body(null, 204);
}

function overtaken(): Problem {
  return new Problem("conflict", "the sessions, or what you may do, changed at the same moment; look at GET and decide anew");
}

/** @throws Problem `parameter-invalid` */
function readFlag(name: string, text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw new Problem("parameter-invalid", `${name} must be true or false`);
}
