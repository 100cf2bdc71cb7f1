/**
 * How much each token is used: counted in the isolate's memory and told to management. A token's first use in an isolate is told at
 * once, since an isolate that gets no further request can tell nothing later; all else at most REPORT_EVERY_MS later, with whatever
 * other tokens have left behind. An isolate that ends takes up to that with it, and a report whose answer is lost counts twice:
 * these are numbers for people, not for bills.
 */
import type { PermissionSet } from "../../access/permission-set.ts";
import { USES_PER_REPORT_MAX, type Use } from "../../access/use.ts";
import type { EdgeEnv } from "../env.ts";
import { within } from "../within.ts";

const REPORT_EVERY_MS = 60_000;
/** Many tokens that begin at once share their reports: one in so long. */
const REPORTS_APART_MS = 1_000;
const REPORT_WAIT_MAX_MS = 5_000;
/** Uses that wait while management is away, beyond which new ones are not counted; tokens whose last report is remembered. */
const USES_MAX = 5_000;
const TOKENS_MAX = 10_000;
const DAY_MS = 86_400_000;

/** By token id and day. */
const uses = new Map<string, Use>();
/** When a report of each token was last due, the oldest first. */
const reportedAt = new Map<string, number>();
let due = false;
let lastReportAt = 0;

/** What one request adds. */
interface Noted {
  at: number;
  /** Whether it counts as a use of the token: whoever sent it may use it. */
  counts: boolean;
  bytes: number;
  refused: boolean;
}

type Token = Pick<PermissionSet, "id" | "org">;

/** @returns whether it is the token's first for a while, so that a report is due. */
export function noteUse({ id, org }: Token, { at, counts, bytes, refused }: Noted): boolean {
  add({ tokenId: id, org, day: dayOf(at), lastUsedAt: counts ? at : null, requests: 1, bytes, refused: refused ? 1 : 0 });
  if (at - (reportedAt.get(id) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) return false;
  markReported(id, at);
  due = true;
  return true;
}

/** A token that was taken back and is shown again may have leaked; its id is logged, once for a while. */
export function noteRefused(token: Token, reason: string, at: number): void {
  // of one that was revoked before this isolate met it, the change feed says no more than that
  if (token.id === "") return;
  const first = noteUse(token, { at, counts: false, bytes: 0, refused: true });
  if (first && reason === "token-revoked") console.warn(JSON.stringify({ event: "revoked-token-used", token: token.id }));
}

/** The report that is due, to be made behind an answer; null: none. Never rejects. */
export function reportDue(env: EdgeEnv, now: number): Promise<void> | null {
  if (!due) return null;
  due = false;
  const wait = Math.min(REPORTS_APART_MS, Math.max(0, lastReportAt + REPORTS_APART_MS - now));
  lastReportAt = now + wait;
  return wait === 0 ? report(env) : new Promise<void>((resolve) => setTimeout(resolve, wait)).then(() => report(env));
}

async function report(env: EdgeEnv): Promise<void> {
  const all = [...uses.values()];
  uses.clear();
  for (const { tokenId } of all) markReported(tokenId, lastReportAt);
  for (let from = 0; from < all.length; from += USES_PER_REPORT_MAX) {
    const batch = all.slice(from, from + USES_PER_REPORT_MAX);
    try {
      await within(REPORT_WAIT_MAX_MS, env.AUTHORITY.reportUse(batch));
    } catch (error) {
      console.warn("use of tokens not reported yet", String(error));
      batch.forEach(add);
    }
  }
}

function add(use: Use): void {
  const key = `${use.tokenId} ${use.day}`;
  const known = uses.get(key);
  if (!known && uses.size >= USES_MAX) return;
  if (!known) {
    uses.set(key, use);
    return;
  }
  known.requests += use.requests;
  known.bytes += use.bytes;
  known.refused += use.refused;
  if (use.lastUsedAt !== null) known.lastUsedAt = Math.max(known.lastUsedAt ?? 0, use.lastUsedAt);
}

function markReported(id: string, at: number): void {
  reportedAt.delete(id);
  reportedAt.set(id, at);
  if (reportedAt.size <= TOKENS_MAX) return;
  const [oldest] = reportedAt.keys();
  reportedAt.delete(oldest as string);
}

let today = { number: -1, text: "" };

function dayOf(at: number): string {
  const number = Math.floor(at / DAY_MS);
  if (number !== today.number) today = { number, text: new Date(at).toISOString().slice(0, 10) };
  return today.text;
}
