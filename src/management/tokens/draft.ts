/** What is asked of a new token, and whether the caller may make it. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { beyond, type Grant } from "../../access/capability.ts";
import { Problem } from "../../problem.ts";
import { type Caller, mayGrant } from "../caller.ts";
import { type Capabilities, readCapabilities } from "../capabilities.ts";
import { Description, Name } from "../request.ts";
import { type Expiry, readFutureExpiry } from "./expiry.ts";
import type { Token } from "./store.ts";

export const NewToken = v.strictObject({
  name: Name,
  description: Description,
  expiresAt: v.nullish(v.string()),
  datasetCapabilities: v.optional(v.unknown()),
  orgCapabilities: v.optional(v.unknown()),
  viewCapabilities: v.optional(v.unknown()),
});
export type NewToken = v.InferOutput<typeof NewToken>;

export type Draft = Pick<Token, "name" | "description" | "capabilities"> & { expiry: Expiry };

/**
 * Reads a request. Does not check that the caller may grant it.
 * @throws Problem `body-invalid` naming the member, the vocabulary or the dataset that is missing; `capability-missing`.
 */
export function draftOf(request: NewToken, datasetIds: ReadonlyMap<string, string>, now: number, member = ""): Draft {
  const expiry = readFutureExpiry(`${member}expiresAt`, request.expiresAt, now);
  const capabilities = readCapabilities(request, datasetIds);
  return { name: request.name, description: request.description ?? "", capabilities, expiry };
}

/**
 * The subset rule: nobody makes a token that can do more or live longer than they do.
 * @throws Problem `grant-too-wide` naming what goes beyond.
 */
export function requireWithin(caller: Caller, capabilities: Capabilities, expiry: Expiry, datasetIds: ReadonlyMap<string, string>): void {
  const wanted: Grant = { ...capabilities, expiresAt: expiry.at };
  const excess = beyond(mayGrant(caller), wanted);
  if (!excess) return;
  const text = [...datasetIds].reduce((said, [name, id]) => said.replace(id, name), excess);
  throw new Problem("grant-too-wide", `a token may not exceed the credential that makes it: ${text}; leave it out, or ask an owner`);
}

export function tokenOf({ expiry, ...draft }: Draft, org: string): Token {
  return { id: randomUUID(), org, ...draft, expiresAt: expiry.at, expiresText: expiry.text, successor: null, ver: 1 };
}
