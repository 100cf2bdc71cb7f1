/**
 * KV as the platform documents it and the local one does not behave: a copy per location that lives for `cacheTtl`, "nothing" cached
 * like a value, writes that reach other locations late, one write per key and second, and the errors of a bad day.
 */

export interface Clock {
  /** Epoch milliseconds. */
  now: number;
}

const CACHE_S_MIN = 30;
const TTL_S_MIN = 60;
const KEY_INTERVAL_MS = 1_000;

interface Write {
  value: string | null;
  landedAt: number;
  expiresAt: number;
}

export interface FakeKv {
  /** KV as an edge of that location reads it. */
  at(location: string): KVNamespace;
  put(key: string, value: string, options?: { expirationTtl?: number }): Promise<void>;
  /** How long a write needs to a location. */
  lag(location: string, ms: number): void;
  /** Null: all is well. `late`: whoever writes is told that it failed, and so much later the value is there all the same. */
  faults: { read: "error" | "hang" | null; write: "error" | { lateMs: number } | null };
  counts: { reads: number; writes: number };
  /** What a location without a copy would read. */
  stored(key: string, location?: string): string | null;
}

export function openFakeKv(clock: Clock): FakeKv {
  const writes = new Map<string, Write[]>();
  const copies = new Map<string, { value: string | null; at: number }>();
  const lags = new Map<string, number>();
  const lastWrite = new Map<string, number>();
  const faults: FakeKv["faults"] = { read: null, write: null };
  const counts = { reads: 0, writes: 0 };

  function stored(key: string, location = ""): string | null {
    const lag = lags.get(location) ?? 0;
    const there = (writes.get(key) ?? []).filter(({ landedAt }) => landedAt + lag <= clock.now);
    // the last to arrive wins, whenever it was sent
    const last = there.reduce<Write | null>((latest, write) => (latest && latest.landedAt > write.landedAt ? latest : write), null);
    return last && last.expiresAt > clock.now ? last.value : null;
  }

  function get(location: string, key: string, { cacheTtl }: { cacheTtl: number }): unknown {
    if (cacheTtl < CACHE_S_MIN) throw new Error(`KV GET failed: 400 cacheTtl must be at least ${CACHE_S_MIN}`);
    const name = `${location} ${key}`;
    const copy = copies.get(name);
    const fresh =
      copy && clock.now >= copy.at && clock.now - copy.at < cacheTtl * 1_000 ? copy : { value: stored(key, location), at: clock.now };
    copies.set(name, fresh);
    return fresh.value === null ? null : JSON.parse(fresh.value);
  }

  return {
    at: (location) =>
      ({
        get: async (key: string, options: { cacheTtl: number }) => {
          counts.reads++;
          if (faults.read === "hang") return new Promise(() => {});
          if (faults.read === "error") throw new Error("KV GET failed: 500");
          return get(location, key, options);
        },
      }) as unknown as KVNamespace,
    async put(key, value, { expirationTtl } = {}) {
      if (expirationTtl !== undefined && expirationTtl < TTL_S_MIN)
        throw new Error(`KV PUT failed: 400 expirationTtl must be at least ${TTL_S_MIN}`);
      if (clock.now - (lastWrite.get(key) ?? Number.NEGATIVE_INFINITY) < KEY_INTERVAL_MS)
        throw new Error("KV PUT failed: 429 Too Many Requests");
      if (faults.write === "error") throw new Error("KV PUT failed: 500");
      counts.writes++;
      lastWrite.set(key, clock.now);
      const landedAt = clock.now + (faults.write?.lateMs ?? 0);
      const expiresAt = expirationTtl === undefined ? Number.POSITIVE_INFINITY : clock.now + expirationTtl * 1_000;
      writes.set(key, [...(writes.get(key) ?? []), { value, landedAt, expiresAt }]);
      if (faults.write) throw new Error("KV PUT failed: no answer");
    },
    lag: (location, ms) => void lags.set(location, ms),
    faults,
    counts,
    stored,
  };
}
