/**
 * A new secret, and an end for the old one. The old token's end only ever comes nearer: a token that has expired stays expired, and
 * one that was deleted cannot be regenerated.
 */
import * as v from "valibot";
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf, commit, happened } from "../change.ts";
import { datasetIds } from "../datasets/store.ts";
import { settingsOf } from "../env.ts";
import { publishing } from "../publish.ts";
import type { Request } from "../request.ts";
import { type Draft, draftOf, NewToken, requireWithin, tokenOf } from "./draft.ts";
import { type Expiry, earlier, readExpiry, readFutureExpiry } from "./expiry.ts";
import { findToken, insertToken, type Token } from "./store.ts";

export const Regeneration = v.strictObject({
  /** Go sends the present moment, which ends the old token at once; Terraform a time 48 hours ahead. */
  existingTokenExpiresAt: v.string(),
  newTokenExpiresAt: v.nullish(v.string()),
  newToken: v.nullish(NewToken),
});
type Regeneration = v.InferOutput<typeof Regeneration>;

export interface Regenerated {
  token: Token;
  secret: string;
}

/** Does not check that the caller may update tokens; does check that they may make this one. */
export async function regenerate(c: Request, caller: Caller, id: string, request: Regeneration): Promise<Regenerated> {
  const old = await findToken(c.env.DB, caller.org, id, c.var.now);
  if (!old) throw new Problem("resource-unknown", `token not found: ${id}; a deleted token cannot be regenerated, create a new one`);
  requireFirst(old);
  const names = await datasetIds(c.env.DB, caller.org);
  const end = readExpiry("existingTokenExpiresAt", request.existingTokenExpiresAt);
  if (end.at === null)
    throw new Problem("body-invalid", "existingTokenExpiresAt must be a time; send the present one to end the token now");
  const draft = draftOfSuccessor(old, request, names, c.var.now);
  requireWithin(caller, draft.capabilities, draft.expiry, names);
  // ending a token is a power over all that it may do, whatever takes its place
  requireWithin(caller, old.capabilities, draft.expiry, names);

  const token = tokenOf(draft, caller.org);
  const secret = mintToken("api", settingsOf(c.env).tagKeys);
  const replaced = () => replace(c, caller, old, earlier({ at: old.expiresAt, text: old.expiresText }, end), token, digestOf(secret));
  if (!(await publishing(c, caller.org, replaced)))
    throw new Problem("conflict", `the token ${id}, or what you may do, changed at the same moment; get the token and decide anew`);
  return { token, secret };
}

/** One successor each: without it, two who regenerate in turn would both believe theirs to be the only one. */
function requireFirst({ id, successor }: Token): void {
  if (successor)
    throw new Problem("conflict", `the token ${id} was regenerated before; its successor is ${successor}, regenerate that or delete it`);
}

/** The old token's own capabilities, unless the request has others; those come with an end of their own, if they have one. */
function draftOfSuccessor(old: Token, request: Regeneration, names: ReadonlyMap<string, string>, now: number): Draft {
  const expiry = readFutureExpiry("newTokenExpiresAt", request.newTokenExpiresAt, now);
  if (request.newToken) {
    const draft = draftOf(request.newToken, names, now, "newToken.");
    return draft.expiry.at === null ? { ...draft, expiry } : draft;
  }
  const { name, description, capabilities } = old;
  return { name, description, capabilities, expiry };
}

/** Compare and swap on the version that was read: of several at once one wins, and only the winner's successor is inserted. */
function replace(c: Request, caller: Caller, old: Token, end: Expiry, token: Token, digest: string): Promise<boolean> {
  const { DB: db } = c.env;
  const detail = { name: token.name, successor: token.id, oldExpiresAt: end.text, newExpiresAt: token.expiresText };
  const change = changeOf(c, caller, "token.regenerate", old.id, detail);
  const trace = { table: "tokens", id: old.id } as const;
  const swap = db
    .prepare(
      `UPDATE tokens SET expires_at = ?, expires_text = ?, successor = ?, ver = ver + 1, change_id = ?
      WHERE id = ? AND org = ? AND ver = ? AND status = 'active' AND successor IS NULL AND ${caller.unchanged.sql}`,
    )
    .bind(end.at, end.text, token.id, change.id, old.id, caller.org, old.ver, ...caller.unchanged.values);
  return commit(db, change, [swap, insertToken(db, token, digest, change, happened(trace, change))], trace);
}
