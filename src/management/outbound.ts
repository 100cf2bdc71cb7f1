/** How this Worker asks identity providers: the platform's fetch, within what `fetchTrusted` lets through. */
import type { TrustedFetch } from "../access/workload/fetch-trusted.ts";
import { type ManagementEnv, settingsOf } from "./env.ts";

export function outsideOf(env: ManagementEnv): TrustedFetch {
  // called through, since the platform's fetch must not be detached from its global
  return { fetch: (...asked) => fetch(...asked), allowInsecure: settingsOf(env).allowInsecure };
}
