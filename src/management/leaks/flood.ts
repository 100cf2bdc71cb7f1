/** How often one sender may report. Counted in D1, so that all isolates count together; only reports that lead to a look-up count. */
import ipaddr from "ipaddr.js";
import { Problem } from "../../problem.ts";
import { addressOf, type Request } from "../request.ts";

export const REPORTS_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;
/** A household or a machine has this much of IPv6. */
const IPV6_PREFIX_PARTS = 4;

/** @throws Problem `rate-limited` */
export async function requireCalm(c: Request): Promise<void> {
  const times = await c.env.DB.prepare(
    `INSERT INTO leak_reports (minute, address, times) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times`,
  )
    .bind(Math.floor(c.var.now / MINUTE_MS), networkOf(addressOf(c)))
    .first<number>("times");
  if ((times ?? 0) > REPORTS_PER_MINUTE_MAX)
    throw new Problem(
      "rate-limited",
      `more than ${REPORTS_PER_MINUTE_MAX} reports in a minute; put up to 100 tokens into one, or wait a minute`,
    );
}

/** Counts that no report of now is compared with. */
export async function forgetReports(db: D1Database, before: number): Promise<void> {
  await db
    .prepare("DELETE FROM leak_reports WHERE minute < ?")
    .bind(Math.floor(before / MINUTE_MS))
    .run();
}

/** Requests without an address, which the platform always gives, count together. */
function networkOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return "";
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, IPV6_PREFIX_PARTS).join(":") : parsed.toString();
}
