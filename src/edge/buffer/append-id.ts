/** The id that makes a retry the same append: by the sender's key, else by content where that is safe, else none but its own. */
import { createHash, randomBytes } from "node:crypto";
import type { Dedupe } from "../../access/dataset-settings.ts";

const ID_BYTES = 16;
const PRINT_BYTES = 8;

export interface AppendIdParts {
  dedupe: Dedupe;
  idempotencyKey: string | null;
  datasetId: string;
  /** Whatever beside the body decides what becomes of it, such as labels. */
  shape: string;
}

export interface AppendId {
  /** 16 bytes. */
  id: Uint8Array;
  /** 8 bytes that stand for what came under the key; null when there is no key. */
  print: Uint8Array | null;
}

export interface AppendIdHash {
  /** Takes a piece of the inflated body as received. */
  update(piece: Uint8Array): void;
  /** @param everyEventHasItsOwnTime equal bytes mean a retry only then; without own times two equal bodies may be two events. */
  close(everyEventHasItsOwnTime: boolean): AppendId;
}

/** What is sent again under a key must be the same in everything that decides what becomes of it: the print tells. */
export function openAppendId({ dedupe, idempotencyKey, datasetId, shape }: AppendIdParts): AppendIdHash {
  const key = dedupe === "off" ? null : idempotencyKey;
  if (key === null && dedupe !== "content") return { update: () => {}, close: random };
  // as JSON, so that no part can imitate another
  const content = createHash("sha256")
    .update(JSON.stringify([key === null ? "content" : "print", datasetId, shape]))
    .update("\0");
  return {
    update: (piece) => content.update(piece),
    close(everyEventHasItsOwnTime) {
      if (key === null) return everyEventHasItsOwnTime ? { id: first(ID_BYTES, content), print: null } : random();
      const id = createHash("sha256").update(JSON.stringify(["key", datasetId, key]));
      return { id: first(ID_BYTES, id), print: first(PRINT_BYTES, content) };
    },
  };
}

/** Of a body that is there as a whole; it is read only where it counts. */
export function appendId(parts: AppendIdParts, body: Uint8Array, everyEventHasItsOwnTime: boolean): AppendId {
  const hash = openAppendId(parts);
  if (parts.idempotencyKey !== null || everyEventHasItsOwnTime) hash.update(body);
  return hash.close(everyEventHasItsOwnTime);
}

function random(): AppendId {
  return { id: new Uint8Array(randomBytes(ID_BYTES)), print: null };
}

/** A copy: over RPC a view would carry the whole buffer behind it. */
function first(bytes: number, hash: ReturnType<typeof createHash>): Uint8Array {
  return new Uint8Array(hash.digest().subarray(0, bytes));
}
