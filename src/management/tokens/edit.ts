/**
 * What may change of a token: its texts, its limits, whether it is switched off, and its end, which only comes nearer. Its capabilities,
 * networks and beginning never change.
 */
import * as v from "valibot";
import type { TokenLimits } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { type Change, changeOf, commit } from "../change.ts";
import { publishing } from "../publish.ts";
import { Description, Name, type Request, readBody } from "../request.ts";
import { answerWithDetails, tokenOfPath } from "./answer.ts";
import { restrictionsOfCaller } from "./create.ts";
import { nameableDatasets, requireWithin } from "./draft.ts";
import { readExpiry } from "./expiry.ts";
import { requireOtherFamily } from "./family.ts";
import { Limits, loosened, readLimits } from "./restrictions.ts";
import type { Token } from "./store.ts";

const Settings = v.strictObject({ name: v.optional(Name), description: Description, limits: v.nullish(Limits) });
const End = v.strictObject({ expiresAt: v.string() });

/** Members that are left out stay as they are; `limits: null` is no limit at all. */
export async function changeSettings(c: Request, caller: Caller): Promise<Response> {
  const request = await readBody(c, Settings);
  const old = await tokenOfPath(c, caller);
  const limits = request.limits === undefined ? old.limits : readLimits(request.limits);
  const looser = loosened(old.limits, limits);
  if (looser) {
    requireOtherFamily(caller, old, `loosen the limit ${looser} of`);
    requireNotLooser(limits, (await restrictionsOfCaller(c.env.DB, caller)).limits);
  }
  const description = request.description === undefined ? old.description : (request.description ?? "");
  return edit(c, caller, "token.update", old, { ...old, name: request.name ?? old.name, description, limits });
}

/** A token loosens nothing beyond what limits itself. */
function requireNotLooser(limits: TokenLimits | null, own: TokenLimits | null): void {
  const looser = loosened(own, limits);
  if (looser) throw new Problem("grant-too-wide", `limits.${looser} may be ${own?.[looser]} at most, which is the caller's own`);
}

/** @throws Problem `body-invalid` for an end later than the present one. */
export async function shorten(c: Request, caller: Caller): Promise<Response> {
  const { expiresAt } = await readBody(c, End);
  const old = await tokenOfPath(c, caller);
  const { at, text } = readExpiry("expiresAt", expiresAt);
  if (at === null) throw new Problem("body-invalid", "expiresAt must be a time; an end that a token has can only come nearer");
  if (old.expiresAt !== null && at > old.expiresAt)
    throw new Problem(
      "body-invalid",
      `expiresAt is later than the token's end, ${old.expiresText}, which can only come nearer; regenerate it`,
    );
  return edit(c, caller, "token.expire", old, { ...old, expiresAt: at, expiresText: text });
}

export async function disable(c: Request, caller: Caller): Promise<Response> {
  const old = await tokenOfPath(c, caller);
  return old.disabled ? answerWithDetails(c, caller, old) : edit(c, caller, "token.disable", old, { ...old, disabled: 1 });
}

/** Whoever switches a token on hands on all that it may do. */
export async function enable(c: Request, caller: Caller): Promise<Response> {
  const old = await tokenOfPath(c, caller);
  requireOtherFamily(caller, old, "enable");
  const end = { at: caller.grant.expiresAt, text: null };
  requireWithin(caller, old.capabilities, end, await nameableDatasets(c.env.DB, caller));
  return old.disabled ? edit(c, caller, "token.enable", old, { ...old, disabled: 0 }) : answerWithDetails(c, caller, old);
}

async function edit(c: Request, caller: Caller, action: string, old: Token, token: Token): Promise<Response> {
  const change = changeOf(c, caller, action, old.id, differences(old, token));
  if (!(await publishing(c, caller.org, () => update(c.env.DB, caller, token, change))))
    throw new Problem("conflict", `the token ${old.id}, or what you may do, changed at the same moment; get the token and decide anew`);
  return answerWithDetails(c, caller, token);
}

/** Compare and swap on the version that was read. */
function update(db: D1Database, caller: Caller, token: Token, change: Change): Promise<boolean> {
  const { id, org, name, description, limits, expiresAt, expiresText, disabled, ver } = token;
  const statement = db
    .prepare(
      `UPDATE tokens SET name = ?, description = ?, limits = ?, expires_at = ?, expires_text = ?, disabled = ?, ver = ver + 1, change_id = ?
      WHERE id = ? AND org = ? AND ver = ? AND status = 'active' AND ${caller.unchanged.sql}`,
    )
    .bind(
      ...[name, description, limits && JSON.stringify(limits), expiresAt, expiresText, disabled, change.id],
      ...[id, org, ver, ...caller.unchanged.values],
    );
  return commit(db, change, [statement], { table: "tokens", id });
}

const EDITABLE = { name: "name", description: "description", limits: "limits", expiresText: "expiresAt", disabled: "disabled" } as const;

function differences(old: Token, token: Token): { before: Record<string, unknown>; after: Record<string, unknown> } {
  const names = Object.entries(EDITABLE) as [keyof typeof EDITABLE, string][];
  const changed = names.filter(([member]) => JSON.stringify(old[member]) !== JSON.stringify(token[member]));
  const of = (one: Token) => Object.fromEntries(changed.map(([member, name]) => [name, one[member]]));
  return { before: of(old), after: of(token) };
}
