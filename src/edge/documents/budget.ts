/** How often one isolate may ask the authority. Counts in memory only: what a flood costs is bounded per isolate, not per location. */
import { isWithin, UNKNOWN_PER_ADDRESS_MAX, UNKNOWN_PER_ADDRESS_MS } from "../../access/staleness.ts";

/** Addresses that are counted at a time; the oldest are forgotten first. */
const ADDRESSES_MAX = 5_000;

export interface Budget {
  /** Whether something may be asked once more in this second; counts it. */
  spend(subject: string, perSecondMax: number, now: number): boolean;
  /** Whether an address has come with too many tokens that do not exist. An address that is not known has not. */
  isGuessing(ip: string | null, now: number): boolean;
  /** Only such tokens are counted: a fleet behind one address may begin with as many new ones as it likes. */
  countUnknown(ip: string | null, now: number): void;
}

export function openBudget(): Budget {
  const asked = { second: 0, times: new Map<string, number>() };
  const unknown = new Map<string, { since: number; times: number }>();
  const countOf = (ip: string, now: number) => {
    const count = unknown.get(networkOf(ip));
    return count && isWithin(UNKNOWN_PER_ADDRESS_MS, count.since, now) ? count : undefined;
  };
  return {
    spend(subject, perSecondMax, now) {
      const second = Math.floor(now / 1_000);
      if (asked.second !== second) {
        asked.second = second;
        asked.times.clear();
      }
      const times = asked.times.get(subject) ?? 0;
      asked.times.set(subject, times + 1);
      return times < perSecondMax;
    },
    isGuessing: (ip, now) => ip !== null && (countOf(ip, now)?.times ?? 0) >= UNKNOWN_PER_ADDRESS_MAX,
    countUnknown(ip, now) {
      if (ip === null) return;
      const count = countOf(ip, now);
      if (count) {
        count.times++;
        return;
      }
      const network = networkOf(ip);
      unknown.delete(network);
      unknown.set(network, { since: now, times: 1 });
      if (unknown.size > ADDRESSES_MAX) unknown.delete(unknown.keys().next().value as string);
    },
  };
}

/** One IPv6 sender has a whole /64 to come from. */
function networkOf(ip: string): string {
  if (!ip.includes(":")) return ip;
  const groups = (ip.split("::")[0] as string).split(":").filter(Boolean);
  return [...groups, "0", "0", "0", "0"].slice(0, 4).join(":");
}
