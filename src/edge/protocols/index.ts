/** Which path speaks which protocol. `:dataset` stands for one path segment; a slash at the end of a path does not count. */
import { axiom } from "./axiom.ts";
import { axiomTags } from "./axiom-tags.ts";
import type { Protocol } from "./protocol.ts";

interface Route {
  path: string;
  protocol: Protocol;
}

export const INGEST_ROUTES: readonly Route[] = [
  { path: "/v1/ingest/:dataset", protocol: axiom },
  { path: "/v1/datasets/:dataset/ingest", protocol: axiom },
  { path: "/api/v1/datasets/:dataset/ingest", protocol: axiom },
  { path: "/api/v1/ingest", protocol: axiomTags },
];
