/**
 * The keys in the published documents, renewed every hour, so that an edge that has just started need not ask the issuer and believes
 * no key for long that the issuer has taken back.
 */
import { randomUUID } from "node:crypto";
import type { PublicKey } from "../../access/trusted-issuer.ts";
import type { Actor } from "../caller.ts";
import type { Change } from "../change.ts";
import type { ManagementEnv } from "../env.ts";
import { outsideOf } from "../outbound.ts";
import { fetchKeys } from "./discovery.ts";
import { type Issuer, renewKeys, withKeysBefore } from "./store.ts";

/** Younger ones were fetched by a change of the issuer. */
const KEYS_AGE_MIN_MS = 1_800_000;
/** The oldest first; the rest has its turn an hour later. */
const ISSUERS_PER_RUN = 200;
/** A Worker has six connections at a time. */
const AT_A_TIME = 5;

const SYSTEM: Actor = { kind: "system", id: "headgate", name: "Headgate" };

/** An issuer that does not answer keeps the keys it had, and holds up no other. */
export async function refreshIssuers(env: ManagementEnv, now: number): Promise<void> {
  const due = await withKeysBefore(env.DB, now - KEYS_AGE_MIN_MS, ISSUERS_PER_RUN);
  for (let i = 0; i < due.length; i += AT_A_TIME) await Promise.all(due.slice(i, i + AT_A_TIME).map((issuer) => refresh(env, issuer, now)));
}

async function refresh(env: ManagementEnv, issuer: Issuer, now: number): Promise<void> {
  try {
    const keys = await fetchKeys(issuer.jwksUri, outsideOf(env));
    const publisher = env.PUBLISHER.getByName(issuer.org);
    await publisher.announce(issuer.org);
    await renewKeys(env.DB, issuer, keys, changeOf(issuer, keys, now), now);
    await publisher.publish();
  } catch (error) {
    console.warn("issuer's keys not renewed", issuer.id, String(error));
  }
}

/** Null: the same keys as before, which is nothing to note in the audit log. */
function changeOf({ id, org, keys: old }: Issuer, keys: PublicKey[], at: number): Change | null {
  const [before, after] = [old, keys].map((set) => set.map(({ kid }) => kid).sort());
  if (JSON.stringify(before) === JSON.stringify(after)) return null;
  const detail = { before: { keyIds: before }, after: { keyIds: after } };
  return { id: randomUUID().replaceAll("-", ""), at, org, actor: SYSTEM, action: "issuer.keys", target: id, detail, origin: null };
}
