/** The means of a storage Worker: scans of the datasets that a query may read, and its clock. */
import type { Asked } from "./asked.ts";
import { fieldsOf, type SettingsAuthority } from "./dataset-fields.ts";
import type { Means } from "./means.ts";
import { openScan, type Reach } from "./source/scan.ts";

type Env = Reach["env"] & { readonly AUTHORITY: SettingsAuthority };

/** Never throws. */
export async function meansOf(asked: Asked, env: Env, clock: () => number): Promise<Means> {
  const { mapFields, virtualFields, messages } = await fieldsOf(asked.destinations, env.AUTHORITY);
  const destinations = new Map(Object.entries(asked.destinations));
  return {
    open: (wide) => openScan({ env, shards: asked.shards, destinations, mapFields, rowIds: wide, clock }),
    virtualFields,
    messages,
    clock,
  };
}
