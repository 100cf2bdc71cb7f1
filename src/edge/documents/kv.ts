/** The one place where the edge reads KV. */
import { KV_CACHE_S, KV_TIMEOUT_MS } from "../../access/staleness.ts";
import type { EdgeEnv } from "../env.ts";
import { within } from "../within.ts";

/** Null when KV has nothing that it can say in time; the authority then decides. Never throws. */
export async function readKv<T>(key: string, read: (value: unknown) => T | null, env: EdgeEnv): Promise<T | null> {
  try {
    return read(await within(KV_TIMEOUT_MS, env.PERMISSIONS.get(key, { type: "json", cacheTtl: KV_CACHE_S })));
  } catch (error) {
    console.warn("KV look-up failed", String(error));
    return null;
  }
}
