/** zstd frames by hand (RFC 8878), since zstd compression is not to be relied on in workerd: raw and run-length blocks only. */

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Descriptor without sizes or checksum, and a window of 128 KiB. */
const HEADER = [...MAGIC, 0x00, 0x38];

const blockHeader = (length: number, kind: number, isLast: boolean) => {
  const header = (length << 3) | (kind << 1) | (isLast ? 1 : 0);
  return new Uint8Array([header & 0xff, (header >> 8) & 0xff, header >> 16]);
};

/** One frame that holds `body` as it is. */
export function zstdOf(body: Uint8Array, blockBytes = 131_072): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(HEADER)];
  for (let at = 0; at < body.length; at += blockBytes) {
    const block = body.subarray(at, at + blockBytes);
    parts.push(blockHeader(block.length, 0, at + blockBytes >= body.length), block);
  }
  return Buffer.concat(parts);
}

/** One frame that inflates to as many blocks of 128 KiB of one letter. */
export function runLengthFrame(blocks: number): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(HEADER)];
  for (let i = 1; i <= blocks; i++) parts.push(blockHeader(131_072, 1, i === blocks), new Uint8Array([0x78]));
  return Buffer.concat(parts);
}

export function skippableFrame(length: number): Uint8Array {
  return new Uint8Array([0x5a, 0x2a, 0x4d, 0x18, length, 0, 0, 0, ...Array.from({ length }, () => 7)]);
}
