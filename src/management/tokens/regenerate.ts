/**
 * A new secret, and an end for the old one. The old token's end only ever comes nearer: a token that has expired stays expired, and
 * one that was deleted cannot be regenerated.
 *
 * Capabilities never change under an id. Axiom's contract has `newToken` all the same, with capabilities of its own, and clients send
 * it; since the successor has another id and secret, it is judged as a token that is made anew: by the subset rule against the caller,
 * and if it may do more than the old one, by the right to create tokens. Restrictions that `newToken` does not name stay as they were.
 */
import * as v from "valibot";
import { beyond } from "../../access/capability.ts";
import { GRACE_MAX_MS } from "../../access/staleness.ts";
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import { type Caller, requireCapability } from "../caller.ts";
import { allOf, type Condition, changeOf, commit, happened } from "../change.ts";
import { settingsOf } from "../env.ts";
import { type Once, onceOf } from "../idempotency.ts";
import { publishing } from "../publish.ts";
import type { Request } from "../request.ts";
import { type Made, restrictionsOfCaller } from "./create.ts";
import { type Draft, draftOf, NewToken, nameableDatasets, requireWithin, tokenOf } from "./draft.ts";
import { type Expiry, earlier, instant, readExpiry, readFutureExpiry } from "./expiry.ts";
import { requireOtherFamily } from "./family.ts";
import { withinLifetime } from "./lifetime.ts";
import { restrictedAs } from "./restrictions.ts";
import { findToken, insertToken, type Token } from "./store.ts";

export const Regeneration = v.strictObject({
  /** Go sends the present moment, which ends the old token at once; Terraform a time 48 hours ahead. */
  existingTokenExpiresAt: v.string(),
  newTokenExpiresAt: v.nullish(v.string()),
  newToken: v.nullish(NewToken),
});
type Regeneration = v.InferOutput<typeof Regeneration>;

/** Does not check that the caller may update tokens; does check that they may make this one. */
export async function regenerate(c: Request, caller: Caller, id: string, request: Regeneration): Promise<Made> {
  const { DB: db } = c.env;
  const { now } = c.var;
  const once = await onceOf(c, caller, request);
  const old = await findToken(db, caller.org, id, now);
  if (!old) throw new Problem("resource-unknown", `token not found: ${id}; a deleted token cannot be regenerated, create a new one`);
  // what it made itself a token may, as Terraform's does: that goes with it when it is deleted with its line
  if (old.createdBy !== caller.credential.id) requireOtherFamily(caller, old, "regenerate");
  requireFirst(old);
  const end = endOf(old, request.existingTokenExpiresAt, now);
  const names = await nameableDatasets(db, caller);
  const asked = draftOfSuccessor(old, request, names, now);
  requireWithin(caller, asked.capabilities, asked.expiry, names);
  // ending a token is a power over all that it may do, whatever takes its place
  requireWithin(caller, old.capabilities, asked.expiry, names);
  const wider = beyond({ ...old.capabilities, expiresAt: null }, { ...asked.capabilities, expiresAt: null });
  if (wider !== null) requireCapability(caller, "apiTokens:create");
  const draft = { ...asked, ...restrictedAs(await restrictionsOfCaller(db, caller), asked) };
  const member = request.newToken?.expiresAt ? "newToken.expiresAt" : "newTokenExpiresAt";
  const lifetime = await withinLifetime(db, caller.org, draft.expiry, member, now);

  const secret = mintToken("api", settingsOf(c.env).tagKeys);
  const token = tokenOf(draft, caller, { parent: old.id, family: old.family }, secret, now);
  const only = allOf(caller.unchanged, lifetime, once.unused);
  if (await publishing(c, caller.org, () => replace(c, caller, old, end, token, digestOf(secret), only, once))) return { token, secret };
  await once.refuseRepeat();
  throw new Problem("conflict", `the token ${id}, or what you may do, changed at the same moment; get the token and decide anew`);
}

/** One successor each: without it, two who regenerate in turn would both believe theirs to be the only one. */
function requireFirst({ id, successor }: Token): void {
  if (successor)
    throw new Problem("conflict", `the token ${id} was regenerated before; its successor is ${successor}, regenerate that or delete it`);
}

/** @throws Problem `body-invalid` for no time, and for one that leaves the old token too long beside the new one. */
function endOf(old: Token, text: string, now: number): Expiry {
  const asked = readExpiry("existingTokenExpiresAt", text);
  if (asked.at === null)
    throw new Problem("body-invalid", "existingTokenExpiresAt must be a time; send the present one to end the token now");
  const end = earlier({ at: old.expiresAt, text: old.expiresText }, asked);
  if (end.at !== null && end.at > now + GRACE_MAX_MS)
    throw new Problem(
      "body-invalid",
      `existingTokenExpiresAt may be 30 days ahead at most; choose ${instant(now + GRACE_MAX_MS)} or earlier, and change the senders until then`,
    );
  return end;
}

/** The old token's own capabilities, unless the request has others; those come with an end of their own, if they have one. */
function draftOfSuccessor(old: Token, request: Regeneration, names: ReadonlyMap<string, string>, now: number): Draft {
  const expiry = readFutureExpiry("newTokenExpiresAt", request.newTokenExpiresAt, now);
  const { name, description, capabilities, notBefore, networks, limits } = old;
  if (!request.newToken) return { name, description, capabilities, expiry, notBefore, networks, limits };
  const draft = draftOf(request.newToken, names, now, "newToken.");
  return {
    ...draft,
    ...(draft.expiry.at === null && { expiry }),
    notBefore: draft.notBefore ?? notBefore,
    networks: draft.networks ?? networks,
    limits: draft.limits ?? limits,
  };
}

/** Compare and swap on the version that was read: of several at once one wins, and only the winner's successor is inserted. */
function replace(
  c: Request,
  caller: Caller,
  old: Token,
  end: Expiry,
  token: Token,
  digest: string,
  only: Condition,
  once: Once,
): Promise<boolean> {
  const { DB: db } = c.env;
  const detail = { name: token.name, successor: token.id, oldExpiresAt: end.text, newExpiresAt: token.expiresText };
  const change = changeOf(c, caller, "token.regenerate", old.id, detail);
  const trace = { table: "tokens", id: old.id } as const;
  const swap = db
    .prepare(
      `UPDATE tokens SET expires_at = ?, expires_text = ?, successor = ?, ver = ver + 1, change_id = ?
      WHERE id = ? AND org = ? AND ver = ? AND status = 'active' AND successor IS NULL AND ${only.sql}`,
    )
    .bind(end.at, end.text, token.id, change.id, old.id, caller.org, old.ver, ...only.values);
  const done = happened(trace, change);
  return commit(db, change, [swap, insertToken(db, token, digest, change, done), ...once.remember(token.id, done)], trace);
}
