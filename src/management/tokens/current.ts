/** `GET /v2/tokens/current`: what the credential that asks is, and may do. */
import { type Caller, maySee } from "../caller.ts";
import { viewCapabilities } from "../capabilities.ts";
import { datasetIds } from "../datasets/store.ts";
import { ROLE_NAMES } from "../people/rights.ts";
import type { Request } from "../request.ts";
import { instant } from "./expiry.ts";
import { findDeletable } from "./store.ts";

/** Of any kind. `datasets`: those that it may know of. Restrictions are an API token's; others have none. */
export async function current(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const { credential, org, grant, user, role } = caller;
  const [organisation, name, own, ids] = await Promise.all([
    db.prepare("SELECT name FROM orgs WHERE id = ?").bind(org).first<string>("name"),
    nameOf(db, caller),
    credential.kind === "api" ? findDeletable(db, org, credential.id) : null,
    datasetIds(db, org),
  ]);
  const seen = [...ids].filter(([, id]) => maySee(caller, id));
  const { expiresAt } = caller;
  return c.json({
    ...{ kind: credential.kind, id: credential.id, name, organisation: { id: org, name: organisation } },
    ...(user && { user: { id: user.id, name: user.name, email: user.email } }),
    ...(role !== null && { role: { id: role, name: (ROLE_NAMES as Record<string, string>)[role] ?? role } }),
    ...viewCapabilities(grant, new Map(seen.map(([name, id]) => [id, name]))),
    datasets: seen.map(([name]) => name).sort(),
    expiresAt: own ? own.expiresText : expiresAt === null ? null : instant(expiresAt),
    notBefore: own && own.notBefore !== null ? instant(own.notBefore) : null,
    networks: own?.networks ?? null,
    limits: own?.limits ?? null,
  });
}

const NAMES: Record<Exclude<Caller["credential"]["kind"], "api">, string> = {
  personal: "SELECT name FROM personal_tokens WHERE id = ?",
  session: "SELECT description AS name FROM sessions WHERE id = ?",
};

async function nameOf(db: D1Database, { credential, actor }: Caller): Promise<string> {
  if (credential.kind === "api") return actor.name;
  return (await db.prepare(NAMES[credential.kind]).bind(credential.id).first<string>("name")) ?? "";
}
