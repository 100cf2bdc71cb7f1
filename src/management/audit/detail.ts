/**
 * The detail of an audit entry as text of bounded length. What a change is about may be as large as a request's body; a log that keeps
 * all of it can be filled by whoever may change one thing again and again.
 */

const DETAIL_BYTES_MAX = 16 * 1024;
/** In a detail that is too long: a part of more than this is told by its size. The next is tried when the whole is still too long. */
const PART_BYTES_MAX = [1_024, 128, 0];
const TEXT_LENGTH_MAX = 128;
const MEMBERS_MAX = 20;
const DEPTH_MAX = 3;

/** JSON of at most DETAIL_BYTES_MAX; of a longer one what fits, with `truncated` and the `bytes` that it had. */
export function detailText(detail: Record<string, unknown>): string {
  const text = JSON.stringify(detail);
  const bytes = sizeOf(text);
  if (bytes <= DETAIL_BYTES_MAX) return text;
  const marked = (rest: object) => JSON.stringify({ ...rest, truncated: true, bytes });
  const shorter = PART_BYTES_MAX.map((most) => marked(members(detail, most, 0)));
  return shorter.find((one) => sizeOf(one) <= DETAIL_BYTES_MAX) ?? marked({ members: Object.keys(detail).length });
}

function members(value: object, most: number, depth: number): object {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, part(member, most, depth + 1)]));
}

function part(value: unknown, most: number, depth: number): unknown {
  if (typeof value === "string" && value.length > TEXT_LENGTH_MAX) return `${value.slice(0, TEXT_LENGTH_MAX)}…`;
  if (typeof value !== "object" || value === null) return value;
  if (sizeOf(JSON.stringify(value)) <= most) return value;
  const count = Object.keys(value).length;
  // `before`, `after` and `capabilities` are looked into; a list, or a map by names that somebody chose, is counted
  return Array.isArray(value) || count > MEMBERS_MAX || depth > DEPTH_MAX ? { count } : members(value, most, depth);
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
