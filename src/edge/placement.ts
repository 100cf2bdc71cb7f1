/** Where a region's Durable Objects live, as its Workers' settings say. */
import { oneOf, readOnce } from "./setting.ts";

export interface PlacementEnv {
  JURISDICTION?: string;
  LOCATION_HINT?: string;
}

/** Where Durable Objects are pinned, and where they are merely begun. */
interface Placement {
  jurisdiction: DurableObjectJurisdiction | null;
  locationHint: DurableObjectLocationHint | null;
}

const JURISDICTIONS: readonly string[] = ["eu", "us", "fedramp"];
const LOCATION_HINTS: readonly string[] = "wnam enam sam weur eeur apac apac-ne apac-se oc afr me".split(" ");

/** @throws Error naming the setting that is none of the platform's words. */
export const placementOf = readOnce(
  (env: PlacementEnv): Placement => ({
    jurisdiction: oneOf("JURISDICTION", env.JURISDICTION, JURISDICTIONS) as DurableObjectJurisdiction | null,
    locationHint: oneOf("LOCATION_HINT", env.LOCATION_HINT, LOCATION_HINTS) as DurableObjectLocationHint | null,
  }),
);

/** A new stub each time: one that has failed may stay broken. The object lives where the region's settings pin it. */
export function objectOf<T extends Rpc.DurableObjectBranded | undefined>(
  objects: DurableObjectNamespace<T>,
  name: string,
  env: PlacementEnv,
): DurableObjectStub<T> {
  const { locationHint } = placementOf(env);
  const here = pinned(objects, env);
  return here.get(here.idFromName(name), locationHint ? { locationHint } : {});
}

/** Objects of a jurisdiction are others than those without one: it must never be left out where the platform knows it. */
function pinned<T extends Rpc.DurableObjectBranded | undefined>(
  objects: DurableObjectNamespace<T>,
  env: PlacementEnv,
): DurableObjectNamespace<T> {
  const { jurisdiction } = placementOf(env);
  if (!jurisdiction) return objects;
  try {
    return objects.jurisdiction(jurisdiction);
  } catch (error) {
    // the local runtime has everything in one place and refuses to name it; the platform itself never says this
    if (String(error).includes("not implemented in workerd")) return objects;
    throw error;
  }
}
