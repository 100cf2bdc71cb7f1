/** The call from the door to where datasets are kept. */
import { Problem } from "../../problem.ts";
import type { EdgeEnv } from "../env.ts";
import type { AskStorage } from "./routes.ts";

/** A query that a storage Worker could not end, for want of memory or time, fails there as a whole: its sender is told what helps. */
export function askStorage(env: EdgeEnv): AskStorage {
  return async (asked) => {
    try {
      return await env.STORAGE.query(asked);
    } catch (error) {
      console.error("storage failed to answer a query", String(error));
      throw new Problem("store-unavailable", "the query could not be answered right now; send it again, or ask for a shorter time range");
    }
  };
}
