/** The door of every route: who comes, from where, and how often. Nothing of a body is read before. */

import type { OrganisationMap, PermissionSet } from "../access/permission-set.ts";
import { authenticate, type Caller, callerOf } from "./authenticate.ts";
import type { EdgeEnv } from "./env.ts";
import type { Account } from "./limits/account.ts";
import type { Visit } from "./visit.ts";

/** Whom management has proven and lets in: a person's token counts there only. */
export interface Proven {
  set: PermissionSet;
  /** With the dataset that is meant, and perhaps no other. */
  organisation: OrganisationMap;
}

export interface Entry extends Visit {
  account: Account;
  /** Null: the credential is still to be proven here. */
  proven: Proven | null;
  /** Set by `enter`: the caller could not be proven anew. */
  degraded: boolean;
}

/**
 * @param credential reads the token; not called for somebody who is proven already.
 * @param body its bytes as announced, null for a request without one.
 * @throws Problem for the credential, its network, its limits. Does not check capabilities.
 */
export async function enter(credential: () => string, body: number | "unknown" | null, entry: Entry, env: EdgeEnv): Promise<Caller> {
  const caller = entry.proven ? callerOf(entry.proven) : await authenticate(credential(), entry, env);
  entry.degraded = caller.degraded;
  await entry.account.admit(caller.set, entry.ip, body);
  return caller;
}
