import { LIMIT_HEADERS } from "./limits/headers.ts";

/**
 * Browsers may send from anywhere: the credential is a bearer token in a header, so no origin is trusted more than another and
 * cookies are never part of it.
 */
const ORIGIN = { "access-control-allow-origin": "*" };
const EXPOSED = ["X-Axiom-Trace-Id", ...LIMIT_HEADERS, "Retry-After", "X-Headgate-Deduplicated", "X-Axiom-History-Query-Id"].join(", ");
const PREFLIGHT = {
  ...ORIGIN,
  "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
  // the headers of Axiom's JavaScript clients, and those of a retry
  "access-control-allow-headers":
    "Authorization, Content-Type, Content-Encoding, Accept, Cache-Control, Pragma, X-Axiom-Client, X-Axiom-Org-Id, X-Axiom-Event-Labels, X-Axiom-CSV-Fields, X-Axiom-Dataset, Idempotency-Key, traceparent",
  "access-control-max-age": "86400",
};

export function preflight(): Response {
  return new Response(null, { status: 204, headers: PREFLIGHT });
}

/** Lets a page read the answer. */
export function allowOrigin(response: Response): Response {
  response.headers.set("access-control-allow-origin", "*");
  response.headers.set("access-control-expose-headers", EXPOSED);
  return response;
}
