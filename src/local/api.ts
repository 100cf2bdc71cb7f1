/** The management API, as the local tools call it: over HTTP, like anyone else. */

export interface Credential {
  token: string;
  /** Sent with personal tokens. */
  org?: string;
}

/** An answer outside 2xx. */
export class Refused extends Error {
  readonly status: number;

  constructor(what: string, status: number, message: string) {
    super(`${what} answered ${status}: ${message}`);
    this.status = status;
  }
}

const TIMEOUT_MS = 30_000;

/**
 * Sends one JSON request and returns the JSON answer; null for an empty one.
 * @throws Refused with the answer's `message`.
 */
export async function call<T>(method: string, url: string, { token, org }: Credential, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (org) headers["x-axiom-org-id"] = org;
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Refused(`${method} ${new URL(url).pathname}`, response.status, messageOf(text));
  return (text ? JSON.parse(text) : null) as T;
}

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text).message);
  } catch {
    return text.slice(0, 200);
  }
}
