/** The id that makes a retry the same append: by the sender's key, else by content where that is safe, else none but its own. */
import { createHash, randomBytes } from "node:crypto";
import type { Destination } from "./segment.ts";

const ID_BYTES = 16;

export interface AppendIdParts {
  idempotencyKey: string | null;
  destination: Destination;
  /** The inflated body as received. */
  ndjsonSource: Uint8Array;
  /** Equal bytes mean a retry only then; without own times two equal bodies may be two events. */
  everyEventHasItsOwnTime: boolean;
}

/** 16 bytes. Not checked here: that a key used again comes with the same body. */
export function appendId({ idempotencyKey, destination, ndjsonSource, everyEventHasItsOwnTime }: AppendIdParts): Uint8Array {
  if (idempotencyKey !== null) return digest("key", destination.datasetId, idempotencyKey);
  if (everyEventHasItsOwnTime) return digest("content", destination.datasetId, ndjsonSource);
  return new Uint8Array(randomBytes(ID_BYTES));
}

/** The kind and the dataset come first, each ended by a byte that neither holds, so that no key can imitate content. */
function digest(kind: "key" | "content", datasetId: string, value: string | Uint8Array): Uint8Array {
  const hash = createHash("sha256").update(`${kind}\0${datasetId}\0`).update(value).digest();
  // a copy: over RPC a view would carry the whole buffer behind it
  return new Uint8Array(hash.subarray(0, ID_BYTES));
}
