/** The means of a storage Worker: scans of the datasets that a query may read, and its clock. */
import type { Asked } from "./asked.ts";
import { type DatasetFields, fieldsOf, type SettingsAuthority } from "./dataset-fields.ts";
import type { Means } from "./means.ts";
import { openScan, type Reach } from "./source/scan.ts";

type Env = Reach["env"] & { readonly AUTHORITY: SettingsAuthority };

/** Never throws. `upstreams`: the servers that are to answer in place of it, by dataset. */
export async function meansOf(asked: Asked, env: Env, clock: () => number): Promise<Means & Pick<DatasetFields, "upstreams">> {
  const { mapFields, virtualFields, upstreams, messages } = await fieldsOf(asked.destinations, env.AUTHORITY);
  const destinations = new Map(Object.entries(asked.destinations));
  return {
    open: (wide) => openScan({ env, shards: asked.shards, destinations, mapFields, rowIds: wide, clock }),
    virtualFields,
    upstreams,
    messages,
    clock,
  };
}
