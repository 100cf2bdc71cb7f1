/**
 * Sessions of browsers: a random value in a cookie, of which the database knows the digest. Nothing of it comes from before the sign-in, so
 * nobody can have planted it.
 */
import { randomUUID } from "node:crypto";
import { standing } from "../../access/permission-set.ts";
import { LAST_USED_RESOLUTION_MS, SESSION_LIFE_MS } from "../../access/staleness.ts";
import { digestOf } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import { type Change, commit, happened, originOf } from "../change.ts";
import { type Holder, holderOfSession, noteUse } from "../credentials.ts";
import { insertSession } from "../people/session.ts";
import type { Request } from "../request.ts";
import { randomSecret } from "./attempt.ts";
import { dropCookie, readCookies, setCookie } from "./cookies.ts";
import type { Identity } from "./identity.ts";
import type { Person } from "./protocol.ts";
import type { Provider } from "./provider-store.ts";

const COOKIE = "__Host-sid";
const VALUE = /^[\w-]{43}$/;
const IDLE_MS = 7 * 86_400_000;

export type SessionHolder = Holder & { kind: "user" } & { expiresAt: number; authenticatedAt: number };

/**
 * Begins a session and ends the one that the browser had.
 * @returns the Set-Cookie header that carries it.
 * @throws Problem `forbidden` when the user was disabled or the identity taken away at the same moment.
 */
export async function beginSession(c: Request, provider: Provider, { id: identity, user }: Identity, person: Person): Promise<string> {
  const { DB: db } = c.env;
  const { now } = c.var;
  const value = randomSecret();
  const id = randomUUID();
  const change: Change = {
    ...{ id: c.var.traceId, at: now, org: provider.org, action: "session.create", target: id },
    actor: { kind: "user", id: user.id, name: user.name },
    detail: { kind: "browser", user: user.id, provider: provider.name, identity },
    origin: originOf(c, null),
  };
  const session = {
    ...({ id, user: user.id, kind: "browser", digest: digestOf(value), description: provider.name, hint: "" } as const),
    expiresAt: now + SESSION_LIFE_MS,
    // a provider that signs people in for weeks tells since when; what is dangerous then asks for more
    authenticatedAt: Math.min(now, person.authenticatedAt ?? now),
  };
  const only = {
    sql: "EXISTS (SELECT 1 FROM identities i JOIN users u ON u.id = i.user_id WHERE i.id = ? AND u.id = ? AND u.status = 'active')",
    values: [identity, user.id],
  };
  const trace = { table: "sessions", id } as const;
  const { sql, values } = happened(trace, change);
  const began = await commit(
    db,
    change,
    [
      insertSession(db, session, change, only),
      db
        .prepare(`UPDATE sessions SET ended_at = ?, change_id = ? WHERE digest = ? AND kind = 'browser' AND ended_at IS NULL AND ${sql}`)
        .bind(now, change.id, digestOf(cookieOf(c) ?? ""), ...values),
      db
        .prepare(`UPDATE identities SET last_used_at = ?, email = coalesce(?, email) WHERE id = ? AND ${sql}`)
        .bind(now, person.email, identity, ...values),
    ],
    trace,
  );
  if (!began) throw new Problem("forbidden", "your account was disabled a moment ago; ask an administrator of the organisation");
  return setCookie(COOKIE, value, SESSION_LIFE_MS / 1_000);
}

/**
 * Who is signed in, by the cookie alone.
 * @throws Problem 401 when nobody is.
 */
export async function browserSession(c: Request): Promise<SessionHolder> {
  const { DB: db } = c.env;
  const { now } = c.var;
  const value = cookieOf(c);
  const found = value === null ? null : await holderOfSession(db, digestOf(value), "browser");
  if (found?.holder.kind !== "user") throw new Problem("credential-missing", "nobody is signed in here; sign in at /auth/<organisation>");
  const { holder, lastUsedAt } = found;
  const state = standing(found, now);
  if (state !== "live") throw new Problem(state, "the session has ended or the user is disabled; sign in again");
  if (now - (lastUsedAt ?? 0) > IDLE_MS)
    throw new Problem("token-expired", "the session was not used for 7 days and has ended; sign in again");
  if (now - (lastUsedAt ?? 0) > LAST_USED_RESOLUTION_MS) await noteUse(db, "session", holder.credentialId, now);
  return holder as SessionHolder;
}

/** Ends the session on the server, if there is one. @returns the Set-Cookie header that ends it in the browser. */
export async function endSession(c: Request): Promise<string> {
  const value = cookieOf(c);
  const found = value === null ? null : await holderOfSession(c.env.DB, digestOf(value), "browser");
  if (found?.holder.kind === "user") await end(c, found.holder);
  return dropCookie(COOKIE);
}

async function end(c: Request, { user, credentialId: id }: Holder & { kind: "user" }): Promise<void> {
  const { DB: db } = c.env;
  const change: Change = {
    ...{ id: c.var.traceId, at: c.var.now, org: user.home, action: "session.end", target: id },
    actor: { kind: "user", id: user.id, name: user.name },
    detail: { kind: "browser", user: user.id },
    origin: originOf(c, { kind: "session", id }),
  };
  const statement = db
    .prepare("UPDATE sessions SET ended_at = ?, change_id = ? WHERE id = ? AND ended_at IS NULL")
    .bind(change.at, change.id, id);
  await commit(db, change, [statement], { table: "sessions", id });
}

function cookieOf(c: Request): string | null {
  const value = readCookies(c.req.raw.headers).get(COOKIE) ?? "";
  return VALUE.test(value) ? value : null;
}
