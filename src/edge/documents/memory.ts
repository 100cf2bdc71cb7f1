/** What one isolate remembers: documents by KV key, the least recently used first, and apart from them the keys that nothing is under. */
import type { OrganisationMap, PermissionSet } from "../../access/permission-set.ts";
import { DOCUMENTS_MAX, UNKNOWN_MAX } from "../../access/staleness.ts";
import type { TrustedIssuer } from "../../access/trusted-issuer.ts";

export const NEVER = Number.NEGATIVE_INFINITY;

export type Document = PermissionSet | OrganisationMap | TrustedIssuer;

export interface Held {
  /** Null: the authority knows of nothing under the key. */
  readonly document: Document | null;
  /** When the request began that learned it, epoch milliseconds. */
  readonly at: number;
  /** When it was last found that nobody can tell whether it still holds. */
  failedAt: number;
}

export interface Memory {
  get(key: string): Held | undefined;
  /** Whether there is something to get, without using it. */
  has(key: string): boolean;
  hold(key: string, document: Document | null, at: number): void;
  /** Forgets what is older than a version, and that there was nothing. */
  outdate(key: string, ver: number): void;
  clear(): void;
}

export function openMemory(): Memory {
  const documents = new Map<string, Held>();
  // apart, so that a flood of unknown tokens drives nothing out that is in use
  const unknown = new Map<string, Held>();
  return {
    get(key) {
      const held = documents.get(key);
      if (!held) return unknown.get(key);
      documents.delete(key);
      documents.set(key, held);
      return held;
    },
    has: (key) => documents.has(key) || unknown.has(key),
    hold(key, document, at) {
      documents.delete(key);
      unknown.delete(key);
      const [into, most] = document ? [documents, DOCUMENTS_MAX] : [unknown, UNKNOWN_MAX];
      into.set(key, { document, at, failedAt: NEVER });
      if (into.size > most) into.delete(into.keys().next().value as string);
    },
    outdate(key, ver) {
      unknown.delete(key);
      if ((documents.get(key)?.document?.ver ?? ver) < ver) documents.delete(key);
    },
    clear() {
      documents.clear();
      unknown.clear();
    },
  };
}
