/**
 * `Idempotency-Key`: a request that makes something makes it once, however often it is sent. A repeat learns the id of what the first
 * one made and never its secret, which is shown once. What was refused may be sent again under the same key.
 */
import { createHash } from "node:crypto";
import { Problem } from "../problem.ts";
import type { Caller } from "./caller.ts";
import type { Condition } from "./change.ts";
import type { Request } from "./request.ts";

const KEPT_MS = 86_400_000;
const KEY = /^[\x21-\x7e]{1,255}$/;

export interface Once {
  /** True until the key has been used; for the WHERE of the change's first statement. */
  unused: Condition;
  /** To stand in the change's batch, with its `happened`. `target`: the id of what is made. */
  remember(target: string, only: Condition): D1PreparedStatement[];
  /** To be asked when a commit did nothing, too: another request of the same moment may have had the key. */
  refuseRepeat(): Promise<void>;
}

/** Without the header: nothing to compare, nothing to keep. */
const EVERY_TIME: Once = { unused: { sql: "1", values: [] }, remember: () => [], refuseRepeat: async () => {} };

/**
 * To be called after the caller's right has been checked. Keys are the caller's own: nobody learns of another's.
 * @param body as it was read.
 * @throws Problem `conflict` with the member `id` for a repeat of the last 24 hours, `idempotency-key-reused` for anything else under
 * that key, `parameter-invalid` for what is no key.
 */
export async function onceOf(c: Request, caller: Caller, body: unknown): Promise<Once> {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return EVERY_TIME;
  if (!KEY.test(key)) throw new Problem("parameter-invalid", "Idempotency-Key must be 1 to 255 printable ASCII characters without blanks");
  const { DB: db } = c.env;
  const { pathname, search } = new URL(c.req.url);
  const request = createHash("sha256")
    .update(JSON.stringify([c.req.method, pathname + search, body]))
    .digest("base64url");
  const owner = [caller.org, caller.actor.id, key];
  const tooOld = c.var.now - KEPT_MS;
  const once: Once = {
    unused: {
      sql: "NOT EXISTS (SELECT 1 FROM idempotency WHERE org = ? AND actor_id = ? AND key = ? AND at > ?)",
      values: [...owner, tooOld],
    },
    remember: (target, only) => [
      db.prepare("DELETE FROM idempotency WHERE at <= ?").bind(tooOld),
      db
        .prepare(`INSERT INTO idempotency (org, actor_id, key, request, target, at) SELECT ?, ?, ?, ?, ?, ? WHERE ${only.sql}`)
        .bind(...owner, request, target, c.var.now, ...only.values),
    ],
    async refuseRepeat() {
      const used = await db
        .prepare("SELECT request, target FROM idempotency WHERE org = ? AND actor_id = ? AND key = ? AND at > ?")
        .bind(...owner, tooOld)
        .first<{ request: string; target: string }>();
      if (!used) return;
      if (used.request !== request)
        throw new Problem(
          "idempotency-key-reused",
          "this Idempotency-Key was used for another request in the last 24 hours; choose a new one",
        );
      const text = `this request was done before under its Idempotency-Key and made ${used.target}; a secret is shown once only`;
      throw new Problem("conflict", text, { id: used.target });
    },
  };
  await once.refuseRepeat();
  return once;
}
