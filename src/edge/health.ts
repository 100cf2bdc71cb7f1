/** `GET /healthz`: whether this region can take events, as far as its two Workers know. */
import { version } from "../../package.json";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { within } from "./within.ts";

const STORAGE_WAIT_MAX_MS = 2_000;

/** `wrong-region`: this edge is bound to the storage of another one. */
interface StorageHealth {
  status: "ok" | "unreachable" | "wrong-region";
  region: string | null;
  version: string | null;
}

/** 200, or 503 while storage does not answer or is not this region's. Asks neither Durable Objects, nor the bucket, nor management. */
export async function health(env: EdgeEnv): Promise<Response> {
  const { region } = settingsOf(env);
  const storage = await healthOfStorage(region, env);
  const status = storage.status === "ok" ? "ok" : "unavailable";
  return Response.json({ status, worker: "edge", region, version, storage }, { status: status === "ok" ? 200 : 503 });
}

async function healthOfStorage(region: string, env: EdgeEnv): Promise<StorageHealth> {
  try {
    const ready = await within(STORAGE_WAIT_MAX_MS, env.STORAGE.ready());
    return { status: ready.region === region ? "ok" : "wrong-region", region: ready.region, version: ready.version };
  } catch (error) {
    console.error("storage does not answer", String(error));
    return { status: "unreachable", region: null, version: null };
  }
}
