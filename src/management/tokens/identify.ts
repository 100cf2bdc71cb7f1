/** `POST /v2/tokens/identify`: whose a token is that was found somewhere. */
import * as v from "valibot";
import { digestOf, TOKEN_LENGTH_MAX } from "../../access/token.ts";
import type { Caller } from "../caller.ts";
import { type Request, readBody } from "../request.ts";
import { stateOf } from "./answer.ts";
import { instant } from "./expiry.ts";
import { findByDigest } from "./store.ts";

const Identification = v.strictObject({ token: v.string() });

/** Of every token that is none of the organisation's: whether it exists, was mistyped or is another organisation's is not to be told. */
const NOT_OURS = { active: false };

/**
 * `active` says whether the token can be used now; one of ours that cannot is described all the same, since whoever may read tokens
 * needs to know that what leaked is dead. Knows API tokens only. Every text takes the same look-up.
 */
export async function identify(c: Request, caller: Caller): Promise<Response> {
  const { token: secret } = await readBody(c, Identification);
  const found = secret.length > TOKEN_LENGTH_MAX ? null : await findByDigest(c.env.DB, caller.org, digestOf(secret));
  if (!found) return c.json(NOT_OURS);
  const { id, name, description, createdAt, createdBy, kind, status } = found;
  const state = status === "revoked" ? status : stateOf(found, c.var.now);
  return c.json({ active: state === "active", id, name, description, createdAt: instant(createdAt), createdBy, kind, status: state });
}
