/** Numbers as JSON spells them (RFC 8259 section 6), to the same double as JSON.parse reads. */

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Whole numbers of so many digits are exact, and so are the powers of ten they are divided by, which makes the quotient right. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, digits) => Number(`1e${digits}`));

export function isNumber(first: number | undefined): boolean {
  return first === MINUS || (first !== undefined && first >= ZERO && first <= ZERO + 9);
}

/** Of the bytes [from, to); `text` says the same, a character for each byte. */
export function numberIn(bytes: Uint8Array, text: string, from: number, to: number): number {
  const negative = bytes[from] === MINUS;
  let whole = 0;
  let point = to;
  for (let at = negative ? from + 1 : from; at < to; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit >= 0 && digit <= 9) whole = whole * 10 + digit;
    else if (bytes[at] === POINT) point = at;
    else return Number(text.slice(from, to));
  }
  if (to - from > EXACT_DIGITS) return Number(text.slice(from, to));
  const size = point === to ? whole : whole / (POWERS[to - point - 1] as number);
  return negative ? -size : size;
}
