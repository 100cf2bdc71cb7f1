/** How tokens are found and answered. */
import { standing } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { datasetIds } from "../datasets/store.ts";
import type { Request } from "../request.ts";
import type { Made } from "./create.ts";
import { instant } from "./expiry.ts";
import { findToken, type Token, viewToken } from "./store.ts";

export const STATES = ["active", "disabled", "expired", "not-yet-valid"] as const;
export type State = (typeof STATES)[number];

/** The token that the path names. @throws Problem `resource-unknown`, for one of another organisation, too. */
export async function tokenOfPath(c: Request, caller: Caller): Promise<Token> {
  const id = c.req.param("id") ?? "";
  const token = await findToken(c.env.DB, caller.org, id, c.var.now);
  if (!token) throw unknownToken(id);
  return token;
}

export function unknownToken(id: string): Problem {
  return new Problem("resource-unknown", `token not found: ${id}; GET /v2/tokens lists those there are`);
}

/** The only answers that hold a secret. */
export async function answerWithSecret(c: Request, caller: Caller, { token, secret }: Made): Promise<Response> {
  return c.json({ ...viewToken(token, await datasetNames(c.env.DB, caller.org)), token: secret });
}

export async function answerWithDetails(c: Request, caller: Caller, token: Token): Promise<Response> {
  return c.json(viewDetails(token, await datasetNames(c.env.DB, caller.org), c.var.now));
}

/** By id. */
export async function datasetNames(db: D1Database, org: string): Promise<Map<string, string>> {
  return new Map([...(await datasetIds(db, org))].map(([name, id]) => [id, name]));
}

/** Headgate's own: what axiom-go would refuse to read in a token. */
export function viewDetails(token: Token, names: ReadonlyMap<string, string>, now: number) {
  const { kind, disabled, hint, createdAt, createdBy, lastUsedAt, family, parent, successor } = token;
  return {
    ...viewToken(token, names),
    ...{ kind, status: stateOf(token, now), disabled: disabled === 1, hint: hint || null },
    ...{ createdAt: instant(createdAt), createdBy, lastUsedAt: lastUsedAt === null ? null : instant(lastUsedAt) },
    ...{ family, parent, successor },
  };
}

/** Of a token that was not deleted. */
export function stateOf({ disabled, notBefore, expiresAt }: Token, now: number): State {
  const state = standing({ status: disabled ? "disabled" : "active", expiresAt, ...(notBefore !== null && { notBefore }) }, now);
  return state === "live" ? "active" : (state.replace("token-", "") as State);
}
