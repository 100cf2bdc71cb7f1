/** How many rows a query makes of others, by `join` and `mv-expand`. A few of these can make billions of one row, and no memory is needed for it. */

/** Of a few seconds' work. */
export const MADE_ROWS_MAX = 5_000_000;

/** True as long as one more may be made. */
export function openMaking(most: number): () => boolean {
  let made = 0;
  return () => made < most && ++made > 0;
}
