/**
 * Lines of tokens: whoever holds a token may have made others of it, or new ones in place of others, and those go on when it is
 * deleted. A token that has leaked is therefore deleted with all that came from it.
 */
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { type Change, type Condition, commit } from "../change.ts";
import type { Token } from "./store.ts";

/** A token, its successors, what they made, and so on. A successor that a token made of another's counts as both their child. */
const DESCENT = `WITH RECURSIVE line (id) AS (
    SELECT ?
    UNION SELECT child.id FROM line JOIN tokens AS child ON child.parent = line.id
    UNION SELECT made.id FROM line JOIN tokens AS made ON made.created_by = line.id
  ) SELECT id FROM line`;

function living(org: string, id: string): Condition {
  return { sql: `org = ? AND status = 'active' AND id IN (${DESCENT})`, values: [org, id] };
}

export async function countLiving(db: D1Database, { org, id }: Token): Promise<number> {
  const { sql, values } = living(org, id);
  return (
    (await db
      .prepare(`SELECT count(*) AS n FROM tokens WHERE ${sql}`)
      .bind(...values)
      .first<number>("n")) ?? 0
  );
}

/**
 * Revokes all of a line from a token on, in one batch: what one of them makes at the same moment is either among them or not made.
 * The token itself may have been deleted before; it is marked again, as what the change is about.
 * @returns false when there is nothing left to revoke.
 */
export function revokeLine(db: D1Database, { org, id }: Token, change: Change): Promise<boolean> {
  const { sql, values } = living(org, id);
  const revoke = db
    .prepare(
      `UPDATE tokens SET status = 'revoked', ver = ver + 1, change_id = ?
      WHERE (id = ? OR ${sql}) AND EXISTS (SELECT 1 FROM tokens WHERE ${sql})`,
    )
    .bind(change.id, id, ...values, ...values);
  return commit(db, change, [revoke], { table: "tokens", id });
}

/**
 * A token may not give itself or its relatives a new lease: a thief would outlive the revocation of what was stolen.
 * @throws Problem `forbidden` for an API token of the same family. People have no family.
 */
export function requireOtherFamily(caller: Caller, token: Token, what: string): void {
  if (caller.family === token.family)
    throw new Problem("forbidden", `a token may not ${what} itself or a token of its own family; ask an owner, or use a personal token`);
}
