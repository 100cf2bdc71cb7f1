/** A query on its way from the edge to where its datasets are kept, and back: plain values, because they cross an RPC. */
import type { Reason } from "../../problem.ts";
import type { Destination } from "../buffer/segment.ts";
import type { AplRequest } from "./request/apl.ts";
import type { LegacyRequest } from "./request/legacy.ts";

export type Question =
  | { readonly kind: "apl"; readonly request: AplRequest }
  | { readonly kind: "legacy"; readonly request: LegacyRequest; readonly dataset: string };

export interface Asked {
  readonly question: Question;
  /** By name, the datasets that the caller may read: nothing else is ever read for this query, whatever its text says. */
  readonly destinations: Readonly<Record<string, Destination>>;
  /** Buffers of each dataset, at least. */
  readonly shards: number;
  /** When the request came, epoch milliseconds: `now()` in the query. */
  readonly now: number;
}

export type Answer =
  /** `body` is JSON. */
  | { readonly kind: "answered"; readonly body: Uint8Array }
  | {
      readonly kind: "refused";
      readonly reason: Reason;
      readonly detail: string;
      readonly members: Readonly<Record<string, unknown>>;
    };
