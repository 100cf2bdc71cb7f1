/** The tokens of JSON (RFC 8259): each function takes the index it starts at and returns the one after it, or `-1 - at`. */

/** What a string is found to hold. */
export interface StringMarks {
  escaped: boolean;
  loneSurrogate: boolean;
}

/** 0 for a byte that stands for itself inside a string. */
export const SPECIAL = new Uint8Array(256).map((_, byte) => (byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0x80 ? 1 : 0));

/** From after the opening quote to after the closing one. */
export function scanString(bytes: Uint8Array, from: number, to: number, marks: StringMarks): number {
  marks.escaped = false;
  let p = from;
  for (;;) {
    while (p < to && SPECIAL[bytes[p] as number] === 0) p++;
    if (p >= to) return -1 - to;
    const c = bytes[p] as number;
    if (c === 0x22) return p + 1;
    if (c === 0x5c) {
      marks.escaped = true;
      p = scanEscape(bytes, p, to, marks);
    } else if (c >= 0x80) p = scanUtf8(bytes, p, to);
    else return -1 - p;
    if (p < 0) return p;
  }
}

function scanEscape(bytes: Uint8Array, at: number, to: number, marks: StringMarks): number {
  const c = at + 1 < to ? (bytes[at + 1] as number) : -1;
  if (c === 0x22 || c === 0x5c || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74) return at + 2;
  if (c !== 0x75) return -1 - (at + 1 < to ? at + 1 : to);
  const unit = readHex(bytes, at + 2, to);
  if (unit < 0) return -1 - Math.min(at + 2, to);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const low = bytes[at + 6] === 0x5c && bytes[at + 7] === 0x75 ? readHex(bytes, at + 8, to) : -1;
  if (unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) return at + 12;
  marks.loneSurrogate = true;
  return at + 6;
}

function readHex(bytes: Uint8Array, from: number, to: number): number {
  if (from + 4 > to) return -1;
  let value = 0;
  for (let p = from; p < from + 4; p++) {
    const c = bytes[p] as number;
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** One character of more than one byte; refuses overlong forms, surrogates and what lies beyond U+10FFFF. */
export function scanUtf8(bytes: Uint8Array, at: number, to: number): number {
  const lead = bytes[at] as number;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > to) return -1 - at;
  const second = bytes[at + 1] as number;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return -1 - at;
  for (let p = at + 2; p < at + length; p++) if (((bytes[p] as number) & 0xc0) !== 0x80) return -1 - at;
  return at + length;
}

export function scanNumber(bytes: Uint8Array, from: number, to: number): number {
  let p = from;
  if (bytes[p] === 0x2d) p++;
  if (p < to && bytes[p] === 0x30) p++;
  else {
    const digits = skipDigits(bytes, p, to);
    if (digits === p) return -1 - p;
    p = digits;
  }
  if (p < to && bytes[p] === 0x2e) {
    const digits = skipDigits(bytes, p + 1, to);
    if (digits === p + 1) return -1 - digits;
    p = digits;
  }
  if (p < to && ((bytes[p] as number) | 0x20) === 0x65) {
    p++;
    if (p < to && (bytes[p] === 0x2b || bytes[p] === 0x2d)) p++;
    const digits = skipDigits(bytes, p, to);
    if (digits === p) return -1 - p;
    p = digits;
  }
  return p;
}

function skipDigits(bytes: Uint8Array, from: number, to: number): number {
  let p = from;
  while (p < to && (bytes[p] as number) >= 0x30 && (bytes[p] as number) <= 0x39) p++;
  return p;
}

const WORDS = ["true", "false", "null"].map((word) => new TextEncoder().encode(word));

/** `true`, `false` or `null`. */
export function scanWord(bytes: Uint8Array, from: number, to: number): number {
  const word = WORDS.find((candidate) => from < to && candidate[0] === bytes[from]);
  if (!word) return -1 - from;
  for (let i = 1; i < word.length; i++) if (from + i >= to || bytes[from + i] !== word[i]) return -1 - Math.min(from + i, to);
  return from + word.length;
}
