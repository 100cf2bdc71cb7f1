/**
 * Which version of a document counts at least: what the change feed has said, and which tokens were seen to be revoked. Without it
 * an outdated document could come back from KV's copy of the location and would be remembered as if it were new.
 */
import type { ChangedDocument } from "../../access/change-feed.ts";
import { isWithin, LEAST_VERSION_KEPT_MS, LEAST_VERSIONS_MAX } from "../../access/staleness.ts";

export interface LeastVersions {
  /** @returns false when it cannot be noted without forgetting one that still matters. */
  raise(changed: ChangedDocument, now: number): boolean;
  isOutdated(key: string, ver: number): boolean;
  /** The version at which a token was revoked; null: it was not, as far as is known here. */
  revokedAt(key: string): number | null;
  clear(): void;
}

export function openLeastVersions(): LeastVersions {
  const least = new Map<string, { ver: number; revoked: boolean; at: number }>();
  return {
    raise({ key, ver, revoked }, now) {
      const known = least.get(key);
      if (known && known.ver > ver) return true;
      least.delete(key);
      least.set(key, { ver, revoked: revoked || known?.revoked === true, at: now });
      if (least.size <= LEAST_VERSIONS_MAX) return true;
      const [oldest, first] = least.entries().next().value as [string, { at: number }];
      least.delete(oldest);
      return !isWithin(LEAST_VERSION_KEPT_MS, first.at, now);
    },
    isOutdated: (key, ver) => ver < (least.get(key)?.ver ?? 0),
    revokedAt(key) {
      const known = least.get(key);
      return known?.revoked ? known.ver : null;
    },
    clear: () => least.clear(),
  };
}
