/** The means of a storage Worker: scans of the datasets that a query may read, and its clock. */
import type { Asked } from "./asked.ts";
import type { Means } from "./means.ts";
import { openScan } from "./source/scan.ts";
import type { Stores } from "./source/segments.ts";

export function meansOf(env: Stores["env"], clock: () => number): Means {
  return {
    open: ({ destinations, shards }: Asked, wide) =>
      openScan({ env, shards, destinations: new Map(Object.entries(destinations)), mapFields: new Map(), rowIds: wide, clock }),
    virtualFields: new Map(),
    clock,
  };
}
