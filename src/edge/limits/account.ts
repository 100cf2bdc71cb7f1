/** One request on its token's account: where it comes from, what the token's limits say, and what is counted of it. */
import type { PermissionSet } from "../../access/permission-set.ts";
import type { EdgeEnv } from "../env.ts";
import { askQuota, correctQuota, isLimited, type LimitedSet } from "./ask.ts";
import type { Asked, Verdict } from "./buckets.ts";
import { refusalOf, setLimitHeaders } from "./headers.ts";
import { requireNetwork } from "./network.ts";
import { noteUse } from "./usage.ts";

export interface Account {
  /**
   * The request's token is known and live: may it be used from here, and now? A body of known length is charged here.
   * @param ip see `requireNetwork`.
   * @throws Problem `address-not-allowed`, `rate-limited`, `quota-exceeded`.
   */
  admit(set: PermissionSet, ip: string | null, body: Asked["bytes"]): Promise<void>;
  /** So many bytes of the body came, as sent. */
  came(bytes: number): void;
  /** The body is at its end, and nothing of it stored yet: one of unknown length is charged. @throws Problem `quota-exceeded`, `rate-limited` */
  bodyEnded(): Promise<void>;
  /** Corrects the charge by what did not come, labels the answer and counts the request. Never throws. */
  close(response: Response): Promise<void>;
}

/** Bytes of a request's body as its head announces them. */
export function announcedBytes(request: Request): number | "unknown" {
  const text = request.headers.get("content-length");
  if (text !== null && /^\d{1,15}$/.test(text)) return Number(text);
  // asked for last: the runtime makes the stream that it answers with
  return request.body ? "unknown" : 0;
}

/** @param waitUntil lets a charge be corrected although the sender has hung up, which ends a request where it stands. */
export function openAccount(env: EdgeEnv, now: number, waitUntil: (work: Promise<void>) => void): Account {
  let token: PermissionSet | null = null;
  let allowedHere = false;
  let limited: LimitedSet | null = null;
  let verdict: Verdict | null = null;
  let cameBytes = 0;
  let chargedBytes: number | null = null;
  let closed = () => {};

  const ask = async (set: LimitedSet, asked: Asked): Promise<void> => {
    verdict = await askQuota(set, asked, env, now);
    if (verdict === null) limited = null; // nothing more is asked for this request
    if (verdict?.refused) throw refusalOf(verdict.refused, verdict.levels);
  };
  const settle = async (set: LimitedSet, at: number): Promise<void> => {
    if (chargedBytes === null || chargedBytes === cameBytes) return;
    verdict = (await correctQuota(set, cameBytes - chargedBytes, at, env).catch(() => null)) ?? verdict;
  };

  return {
    async admit(set, ip, body) {
      token = set;
      requireNetwork(set, ip);
      allowedHere = true;
      if (!isLimited(set)) return;
      limited = set;
      if (body) waitUntil(new Promise((resolve) => (closed = resolve)));
      await ask(set, { requests: 1, bytes: body });
      if (body !== null) chargedBytes = body === "unknown" ? 0 : body;
    },
    came(bytes) {
      cameBytes += bytes;
    },
    async bodyEnded() {
      if (!limited || chargedBytes === null || cameBytes <= chargedBytes) return;
      const bytes = cameBytes - chargedBytes;
      chargedBytes = null;
      await ask(limited, { requests: 0, bytes });
    },
    async close(response) {
      if (!token) return;
      if (limited && verdict) await settle(limited, verdict.at);
      closed();
      if (verdict) setLimitHeaders(response.headers, verdict);
      noteUse(token, { at: now, counts: allowedHere, bytes: cameBytes, refused: response.status >= 400 });
    },
  };
}
