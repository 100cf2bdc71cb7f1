/** Whoever acts for themselves, in no organisation in particular. */
import type { Caller, Visitor } from "../caller.ts";
import type { Condition } from "../change.ts";
import type { User } from "../credentials.ts";

export interface Person extends Pick<Caller, "org" | "actor" | "credential" | "authenticatedAt"> {
  user: User;
  /** When the credential ends, epoch milliseconds; null: never. */
  expiresAt: number | null;
  /** True while the credential is still good. */
  unchanged: Condition;
}

/** For routes that take people only. The audit log of the person's home says what they did for themselves. */
export function personOf({ user, credential, expiresAt, authenticatedAt, unchanged }: Visitor): Person {
  if (!user) throw new Error("a route that acts for a person lets API tokens in");
  const actor = { kind: "user", id: user.id, name: user.name } as const;
  return { org: user.home, actor, credential, user, expiresAt, authenticatedAt, unchanged };
}
