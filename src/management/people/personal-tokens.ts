/**
 * `/v2/user/tokens`: tokens that do whatever their user may. Only somebody who has just signed in makes one, so that neither a stolen
 * session nor a stolen personal token can be made to last.
 */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import { type Caller, forbidden, type Visitor } from "../caller.ts";
import { type Author, type Condition, changeOf, commit } from "../change.ts";
import { settingsOf } from "../env.ts";
import { Description, Name, type Request, readBody } from "../request.ts";
import { PEOPLE, type Route } from "../route.ts";
import { readFutureExpiry } from "../tokens/expiry.ts";
import { requireLifetime } from "../tokens/lifetime.ts";
import { personOf } from "./person.ts";
import * as store from "./personal-token-store.ts";
import { subjectOf } from "./subject.ts";

const NewPersonalToken = v.strictObject({ name: Name, description: Description, expiresAt: v.nullish(v.string()) });

export const personalTokens: Route[] = [
  { method: "GET", path: "/v2/user/tokens", as: "visitor", by: PEOPLE, run: list },
  { method: "POST", path: "/v2/user/tokens", as: "visitor", by: ["session"], recent: true, run: make },
  { method: "DELETE", path: "/v2/user/tokens/:id", as: "visitor", by: PEOPLE, run: remove },
  { method: "GET", path: "/v2/users/:id/tokens", as: "caller", by: PEOPLE, needs: "users:update", run: listOfOther },
  { method: "DELETE", path: "/v2/users/:id/tokens/:token", as: "caller", by: PEOPLE, needs: "users:update", run: removeOfOther },
];

async function list(c: Request, visitor: Visitor): Promise<Response> {
  return listed(c, personOf(visitor).user.id);
}

async function make(c: Request, visitor: Visitor): Promise<Response> {
  const person = personOf(visitor);
  const { user } = person;
  const { DB: db } = c.env;
  const { name, description, expiresAt } = await readBody(c, NewPersonalToken);
  const expiry = readFutureExpiry("expiresAt", expiresAt, c.var.now);
  requireLifetime(expiry, await lifetimeMaxOf(db, user.id), "expiresAt", c.var.now);
  if ((await store.personalTokensOf(db, user.id)).length >= store.PERSONAL_TOKENS_MAX)
    throw new Problem("conflict", `you have ${store.PERSONAL_TOKENS_MAX} personal tokens, the most there may be; delete some first`);

  const secret = mintToken("personal", settingsOf(c.env).tagKeys);
  const token: store.PersonalToken = {
    ...{ id: randomUUID(), name, description: description ?? "", hint: secret.slice(-4) },
    ...{ expiresAt: expiry.at, expiresText: expiry.text, createdAt: c.var.now, lastUsedAt: null },
  };
  const change = changeOf(c, person, "personal-token.create", token.id, { name, user: user.id, expiresAt: expiry.text });
  const insert = store.insertPersonalToken(db, user.id, token, digestOf(secret), change, person.unchanged);
  if (!(await commit(db, change, [insert], { table: "personal_tokens", id: token.id })))
    throw new Problem("conflict", "your session or your tokens changed at the same moment; send the request again");
  return c.json({ ...store.viewPersonalToken(token), token: secret });
}

/** A personal token ends itself, which whoever finds one may well do, and no other. */
async function remove(c: Request, visitor: Visitor): Promise<Response> {
  const person = personOf(visitor);
  const id = c.req.param("id") ?? "";
  const { kind, id: shown } = person.credential;
  if (kind === "personal" && id !== shown) {
    if (!(await find(c, person.user.id, id))) throw unknown(id);
    throw forbidden("the right to delete other personal tokens, which only a session has");
  }
  return removed(c, person, person.user.id, id, person.unchanged);
}

async function listOfOther(c: Request, caller: Caller): Promise<Response> {
  return listed(c, (await subjectOf(c, caller)).id);
}

async function removeOfOther(c: Request, caller: Caller): Promise<Response> {
  const { id: user } = await subjectOf(c, caller);
  return removed(c, caller, user, c.req.param("token") ?? "", caller.unchanged);
}

async function listed(c: Request, user: string): Promise<Response> {
  return c.json((await store.personalTokensOf(c.env.DB, user)).map(store.viewPersonalToken));
}

async function find(c: Request, user: string, id: string): Promise<store.PersonalToken | undefined> {
  return (await store.personalTokensOf(c.env.DB, user)).find((token) => token.id === id);
}

async function removed(c: Request, author: Author, user: string, id: string, only: Condition): Promise<Response> {
  const { DB: db } = c.env;
  const token = await find(c, user, id);
  if (!token) throw unknown(id);
  const change = changeOf(c, author, "personal-token.delete", id, { name: token.name, user });
  const revoke = store.revokePersonalToken(db, user, id, change, only);
  if (!(await commit(db, change, [revoke], { table: "personal_tokens", id })))
    throw new Problem("conflict", "the token, or what you may do, changed at the same moment; look at GET and decide anew");
  return c.body(null, 204);
}

function unknown(id: string): Problem {
  return new Problem("resource-unknown", `personal token not found: ${id}; GET lists those there are`);
}

/** The shortest of the user's organisations', since a personal token acts in all of them. Milliseconds; null: none of them says. */
function lifetimeMaxOf(db: D1Database, user: string): Promise<number | null> {
  return db
    .prepare("SELECT min(o.token_lifetime_max_ms) AS most FROM members m JOIN orgs o ON o.id = m.org WHERE m.user_id = ?")
    .bind(user)
    .first<number>("most");
}
