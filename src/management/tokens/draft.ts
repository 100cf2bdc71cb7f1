/** What is asked of a new token, and whether the caller may make it. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { beyond, type Grant } from "../../access/capability.ts";
import { Problem } from "../../problem.ts";
import { type Caller, mayGrant } from "../caller.ts";
import { type Capabilities, readCapabilities } from "../capabilities.ts";
import { datasetIds } from "../datasets/store.ts";
import { Description, Name } from "../request.ts";
import { type Expiry, instant, readFutureExpiry } from "./expiry.ts";
import { RestrictionMembers, type Restrictions, readRestrictions } from "./restrictions.ts";
import type { Token } from "./store.ts";

export const NewToken = v.strictObject({
  name: Name,
  description: Description,
  expiresAt: v.nullish(v.string()),
  datasetCapabilities: v.optional(v.unknown()),
  orgCapabilities: v.optional(v.unknown()),
  viewCapabilities: v.optional(v.unknown()),
  ...RestrictionMembers,
});
export type NewToken = v.InferOutput<typeof NewToken>;

export type Draft = Pick<Token, "name" | "description" | "capabilities"> & Restrictions & { expiry: Expiry };

/**
 * Reads a request. Does not check that the caller may grant it.
 * @throws Problem `body-invalid` naming the member, the vocabulary or the dataset that is missing; `capability-missing`.
 */
export function draftOf(request: NewToken, datasetIds: ReadonlyMap<string, string>, now: number, member = ""): Draft {
  const expiry = readFutureExpiry(`${member}expiresAt`, request.expiresAt, now);
  const capabilities = readCapabilities(request, datasetIds);
  const restrictions = readRestrictions(request, expiry.at, member);
  return { name: request.name, description: request.description ?? "", capabilities, expiry, ...restrictions };
}

/** Ids, by name, of the datasets that a caller may know of: to name another of the organisation is as good as to name none. */
export async function nameableDatasets(db: D1Database, { org, visible }: Caller): Promise<Map<string, string>> {
  const all = await datasetIds(db, org);
  return visible === null ? all : new Map([...all].filter(([, id]) => visible.has(id)));
}

/**
 * The subset rule: nobody makes a token that can do more or live longer than the credential that makes it. A session that was signed in
 * just now has no end in this: its person could sign in again.
 * @throws Problem `grant-too-wide` naming what goes beyond.
 */
export function requireWithin(caller: Caller, capabilities: Capabilities, expiry: Expiry, datasetIds: ReadonlyMap<string, string>): void {
  const wanted: Grant = { ...capabilities, expiresAt: expiry.at };
  const excess = beyond(mayGrant(caller), wanted);
  if (!excess) return;
  const end = caller.grant.expiresAt;
  if (end !== null && (expiry.at === null || expiry.at > end))
    throw new Problem(
      "grant-too-wide",
      `a token may not exceed the credential that makes it: living longer than the caller; set expiresAt to ${instant(end)} or earlier, or use a session that was signed in just now`,
    );
  const text = [...datasetIds].reduce((said, [name, id]) => said.replace(id, name), excess);
  throw new Problem("grant-too-wide", `a token may not exceed the credential that makes it: ${text}; leave it out, or ask an owner`);
}

/** Where a token stands among others. */
export interface Line {
  parent: string | null;
  /** Null: the token begins one. */
  family: string | null;
}

/** @param secret of which the last four characters are kept, so that people tell one token from another. */
export function tokenOf({ expiry, ...draft }: Draft, caller: Caller, { parent, family }: Line, secret: string, now: number): Token {
  const id = randomUUID();
  return {
    ...{ id, org: caller.org, kind: "api", ...draft, expiresAt: expiry.at, expiresText: expiry.text, disabled: 0, ver: 1 },
    ...{ family: family ?? id, parent, successor: null, hint: secret.slice(-4) },
    ...{ createdAt: now, createdBy: caller.actor.id, lastUsedAt: null },
  };
}
