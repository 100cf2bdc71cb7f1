/**
 * Internet addresses as bytes, read strictly: no octal, hexadecimal or shortened IPv4, no zones. An IPv4 address inside IPv6
 * (`::ffff:203.0.113.7`) is that IPv4 address. By hand and not by a library, because every edge carries it and it judges every request of
 * a token with networks.
 */
const LENGTH_MAX = 64;
const DECIMAL = /^(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** 4 bytes or 16; null for what is no address. */
export function addressBytes(text: string): number[] | null {
  if (text.length > LENGTH_MAX) return null;
  return text.includes(":") ? ipv6(text) : ipv4(text);
}

function ipv4(text: string): number[] | null {
  const parts = text.split(".");
  const bytes = parts.map(Number);
  return parts.length === 4 && parts.every((part) => DECIMAL.test(part)) && bytes.every((byte) => byte < 256) ? bytes : null;
}

function ipv6(text: string): number[] | null {
  const [head = "", tail, ...more] = text.split("::");
  const before = groups(head, tail === undefined);
  const after = groups(tail ?? "", true);
  if (!before || !after || more.length > 0) return null;
  const missing = 16 - before.length - after.length;
  // `::` stands for two zero bytes at least
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  const bytes = [...before, ...Array<number>(missing).fill(0), ...after];
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

/** @param last whether an IPv4 address may end it. */
function groups(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const dotted = last && index === parts.length - 1 && part.includes(".") ? ipv4(part) : null;
    if (dotted) bytes.push(...dotted);
    else if (GROUP.test(part)) bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255);
    else return null;
  }
  return bytes;
}

/** Whether the first `prefix` bits are the same; never of two families. */
export function sharePrefix(one: readonly number[], other: readonly number[], prefix: number): boolean {
  if (one.length !== other.length) return false;
  return one.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8));
    return (byte ^ (other[index] as number)) >> (8 - bits) === 0;
  });
}
