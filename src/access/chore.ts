/** What a region is told to do for the life of its datasets, and how it tells what it removed. */

export interface Chore {
  destination: { org: string; dataset: string; datasetId: string; region: string };
  /** Gone: whatever is stored of it has to go too. */
  deleted: boolean;
  /** How long events are kept, in milliseconds; null: for ever. */
  keepMs: number | null;
}

export interface Removed {
  /** False: there is more than one call removes; call again. */
  done: boolean;
  objects: number;
  bytes: number;
}

/** Calls until all is removed, or `callsMax` times; the sum of what was removed. */
export async function untilDone(remove: () => Promise<Removed>, callsMax: number): Promise<Removed> {
  const sum: Removed = { done: false, objects: 0, bytes: 0 };
  for (let calls = 0; calls < callsMax && !sum.done; calls++) {
    const { done, objects, bytes } = await remove();
    sum.done = done;
    sum.objects += objects;
    sum.bytes += bytes;
  }
  return sum;
}
