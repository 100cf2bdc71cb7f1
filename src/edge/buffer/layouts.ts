/**
 * Into how many shards a dataset's appends were spread lately. A retry may come after that number was changed, to another shard than
 * its first try: until the retry window is over, a shard asks those that the other numbers would have chosen.
 */

/** When each number of shards was last used, epoch milliseconds. */
export type Layouts = Map<number, number>;

/** Numbers other than `shards` that a retry's first try may have been spread by. */
export function elders(layouts: Layouts, shards: number, now: number, windowMs: number): number[] {
  return [...layouts].filter(([number, usedAt]) => number !== shards && now - usedAt < windowMs).map(([number]) => number);
}

/** Takes in that these numbers are in use. @returns whether one of them was unknown. */
export function learn(layouts: Layouts, numbers: number[], now: number): boolean {
  const before = layouts.size;
  for (const number of numbers) layouts.set(number, now);
  return layouts.size > before;
}

/** Drops what is out of use. @returns whether there was any. */
export function prune(layouts: Layouts, shards: number, now: number, windowMs: number): boolean {
  const before = layouts.size;
  const live = elders(layouts, shards, now, windowMs);
  for (const number of layouts.keys()) if (number !== shards && !live.includes(number)) layouts.delete(number);
  return layouts.size < before;
}
