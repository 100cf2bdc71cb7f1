/**
 * Every refusal a caller may be told. A reason is stable and names one cause; its status and title never vary, the detail
 * says what happened in this request and how to mend it. `throw new Problem(reason, detail)` ends a request.
 *
 * What overload and outages may answer: 429 and 503 only, so that every shipper keeps the data and tries again.
 */
const REFUSALS = {
  // the sender's credential
  "credential-missing": [401, "No credential"],
  "credential-malformed": [401, "Malformed credential"],
  "credential-repeated": [400, "Repeated credential"],
  "token-unknown": [401, "Unknown token"],
  "token-expired": [401, "Expired token"],
  "token-revoked": [401, "Revoked token"],
  "token-disabled": [401, "Disabled token"],
  "token-not-yet-valid": [401, "Token not valid yet"],
  "signature-invalid": [401, "Invalid signature"],
  "token-kind": [403, "Wrong kind of token"],
  "address-not-allowed": [403, "Address not allowed"],
  "sign-in-required": [403, "Sign-in required"],
  "sign-in-failed": [400, "Sign-in failed"],
  "request-forged": [403, "Forged request"],
  forbidden: [403, "Forbidden"],
  "organisation-suspended": [403, "Organisation suspended"],
  "organisation-required": [400, "Organisation required"],
  // the address
  "route-unknown": [404, "No such route"],
  "method-not-allowed": [405, "Method not allowed"],
  "dataset-unknown": [404, "Dataset not found"],
  "dataset-ambiguous": [400, "Ambiguous dataset"],
  "segment-unknown": [404, "Segment not found"],
  "resource-unknown": [404, "Not found"],
  "wrong-region": [400, "Wrong region"],
  // the request itself
  "parameter-invalid": [400, "Invalid parameter"],
  "body-invalid": [400, "Invalid body"],
  "body-too-large": [413, "Body too large"],
  "resource-gone": [410, "Gone"],
  "idempotency-key-reused": [422, "Idempotency key reused"],
  "query-invalid": [400, "Invalid query"],
  "encoding-broken": [400, "Broken encoding"],
  "encoding-unsupported": [415, "Unsupported encoding"],
  // management
  "entity-exists": [409, "Already exists"],
  conflict: [409, "Conflict"],
  "capability-missing": [400, "No capability"],
  "grant-too-wide": [403, "Grant too wide"],
  // what is not this deployment's, or not configured
  "not-configured": [501, "Not configured"],
  "upstream-failed": [502, "Upstream failed"],
  // overload and outages
  "rate-limited": [429, "Rate limit exceeded"],
  "quota-exceeded": [429, "Quota exceeded"],
  overloaded: [503, "Overloaded"],
  "store-unavailable": [503, "Temporarily unavailable"],
  internal: [500, "Internal error"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type Reason = keyof typeof REFUSALS;

/** Where nothing better is known. */
const RETRY_AFTER_S = 1;

export class Problem extends Error {
  readonly reason: Reason;
  readonly status: number;
  /** Further members of the answer, such as `failures`; never a secret. */
  readonly members: Record<string, unknown>;
  /** Seconds after which to come again, for the statuses that mean "later". */
  readonly retryAfterS: number;

  constructor(reason: Reason, detail: string, members: Record<string, unknown> = {}, retryAfterS = RETRY_AFTER_S) {
    super(detail);
    this.name = "Problem";
    this.reason = reason;
    this.status = REFUSALS[reason][0];
    this.members = members;
    this.retryAfterS = retryAfterS;
  }
}

/**
 * The JSON answer: Axiom's `code` and `message`, with the members of RFC 9457 beside them. The content type stays
 * `application/json` because axiom-go refuses to decode anything else.
 */
export function problemResponse(problem: Problem, traceId: string): Response {
  const { reason, status, message } = problem;
  const headers: Record<string, string> = { "content-type": "application/json", "x-axiom-trace-id": traceId };
  if (status === 429 || status === 503) headers["retry-after"] = String(problem.retryAfterS);
  // RFC 6750 3: a request without credentials gets the bare challenge, a bad token also the error code.
  if (status === 401) {
    const error = reason === "credential-missing" ? "" : ', error="invalid_token"';
    headers["www-authenticate"] = `Bearer realm="headgate"${error}`;
  }
  if (reason === "credential-repeated") headers["www-authenticate"] = 'Bearer realm="headgate", error="invalid_request"';
  const body = {
    code: status,
    message,
    type: `urn:headgate:problem:${reason}`,
    title: REFUSALS[reason][1],
    status,
    detail: message,
    ...problem.members,
  };
  return new Response(JSON.stringify(body), { status, headers });
}

/** Any thrown value as a Problem. What is not one already is a fault of ours: its text stays in the log. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  console.error("unexpected", thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  return new Problem("internal", "the request failed inside Headgate; it is safe to send it again");
}
