/** Where a region's Durable Objects live. */
import { type EdgeEnv, settingsOf } from "./env.ts";

/** A new stub each time: one that has failed may stay broken. The object lives where the region's settings pin it. */
export function objectOf<T extends Rpc.DurableObjectBranded | undefined>(
  objects: DurableObjectNamespace<T>,
  name: string,
  env: EdgeEnv,
): DurableObjectStub<T> {
  const { locationHint } = settingsOf(env);
  const here = pinned(objects, env);
  return here.get(here.idFromName(name), locationHint ? { locationHint } : {});
}

/** Objects of a jurisdiction are others than those without one: it must never be left out where the platform knows it. */
function pinned<T extends Rpc.DurableObjectBranded | undefined>(
  objects: DurableObjectNamespace<T>,
  env: EdgeEnv,
): DurableObjectNamespace<T> {
  const { jurisdiction } = settingsOf(env);
  if (!jurisdiction) return objects;
  try {
    return objects.jurisdiction(jurisdiction);
  } catch (error) {
    // the local runtime has everything in one place and refuses to name it; the platform itself never says this
    if (String(error).includes("not implemented in workerd")) return objects;
    throw error;
  }
}
