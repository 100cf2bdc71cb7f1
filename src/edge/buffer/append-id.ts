/** The id that makes a retry the same append: by the sender's key, else by content where that is safe, else none but its own. */
import { createHash, randomBytes } from "node:crypto";
import type { Destination } from "./segment.ts";

const ID_BYTES = 16;

export interface AppendIdParts {
  idempotencyKey: string | null;
  destination: Destination;
  /** The inflated body as received. */
  ndjsonSource: Uint8Array;
  /** Whatever beside the body decides what becomes of it, such as labels. */
  shape: string;
  /** Equal bytes mean a retry only then; without own times two equal bodies may be two events. */
  everyEventHasItsOwnTime: boolean;
}

/**
 * 16 bytes. The same key with another body is another append: an answer of success must not mean that only the first was stored.
 */
export function appendId({ idempotencyKey, destination, ndjsonSource, shape, everyEventHasItsOwnTime }: AppendIdParts): Uint8Array {
  if (idempotencyKey === null && !everyEventHasItsOwnTime) return new Uint8Array(randomBytes(ID_BYTES));
  // as JSON, so that no part can imitate another; the kind keeps a key apart from none
  const head = JSON.stringify([idempotencyKey === null ? "content" : "key", destination.datasetId, idempotencyKey, shape]);
  const hash = createHash("sha256").update(head).update("\0").update(ndjsonSource).digest();
  // a copy: over RPC a view would carry the whole buffer behind it
  return new Uint8Array(hash.subarray(0, ID_BYTES));
}
