/**
 * Fetches what an identity provider publishes: discovery documents, key sets, token endpoints. An organisation's administrator chose
 * the address, so it is treated as one that an attacker chose: no way to private places, no redirects, an end in time and in size.
 *
 * The caller gives the `fetch`, so that this does no I/O of its own.
 */

/** From the first byte sent to the last byte of the answer. */
const ANSWER_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 256 * 1024;
const URL_LENGTH_MAX = 2_048;
/** Names that lead nowhere in the public DNS: RFC 6761, RFC 6762, RFC 8375, and what home routers and companies use. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "localdomain", "lan", "home", "corp", "intranet", "private", "arpa"];

export interface TrustedFetch {
  fetch: typeof globalThis.fetch;
  /** Takes http: and loopback, and nothing else that is refused otherwise. For a machine's own tests; never on in a deployment. */
  allowInsecure: boolean;
}

/** The other side did not give what was asked for. The text names the host and never quotes what it said. */
export class FetchFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FetchFailure";
  }
}

/**
 * What is wrong with an address, in words that end a sentence about it; null: nothing. Not checked: where the name leads. A Worker's
 * fetch reaches public addresses only, so that a name that leads to a private one fails there.
 */
export function trustedUrlFault(text: string, allowInsecure: boolean): string | null {
  if (text.length > URL_LENGTH_MAX) return `is longer than ${URL_LENGTH_MAX} characters`;
  const url = URL.parse(text);
  if (!url) return "must be an absolute URL such as https://id.example.com";
  if (url.username || url.password) return "must hold no user and no password";
  if (url.hash) return "must hold no #fragment";
  // the parser has turned every spelling of an IPv4 address into dotted decimals
  const host = url.hostname.replace(/\.$/, "");
  if (allowInsecure && /^https?:$/.test(url.protocol) && isLoopback(host)) return null;
  if (url.protocol !== "https:") return "must begin with https://";
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return "must name a host, not an IP address";
  const labels = host.split(".");
  if (labels.length < 2 || PRIVATE_SUFFIXES.includes(labels.at(-1) ?? "")) return "must name a host of the public Internet";
  return null;
}

/**
 * A whole answer with status 200 to 299, its body read within bounds. Fits where a library takes a `fetch` of one's own.
 * @throws FetchFailure for a refused address, a redirect, any other status, no answer in time, or a body that is too large.
 */
export async function fetchTrusted(url: string, init: RequestInit, { fetch, allowInsecure }: TrustedFetch): Promise<Response> {
  const response = await exchangeTrusted(url, init, { fetch, allowInsecure });
  if (!response.ok) throw new FetchFailure(`${new URL(url).host} answered ${response.status}`);
  return response;
}

/**
 * The same with any status but a redirect's: OAuth says in a body of status 400 what was wrong.
 * @throws FetchFailure as `fetchTrusted` does.
 */
export async function exchangeTrusted(url: string, init: RequestInit, { fetch, allowInsecure }: TrustedFetch): Promise<Response> {
  const fault = trustedUrlFault(url, allowInsecure);
  if (fault) throw new FetchFailure(`the address ${fault}`);
  const { host } = new URL(url);
  try {
    // "error" is no redirect mode of workerd
    const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new FetchFailure(`${host} answered with a redirect, which is not followed; give the address that it leads to`);
    }
    const { status, statusText, headers } = response;
    const body = await readBounded(response, host);
    return new Response(body.length > 0 ? body : null, { status, statusText, headers });
  } catch (error) {
    if (error instanceof FetchFailure) throw error;
    const late = error instanceof Error && error.name === "TimeoutError";
    throw new FetchFailure(late ? `${host} gave no answer within ${ANSWER_TIMEOUT_MS} ms` : `${host} gave no answer`);
  }
}

async function readBounded(response: Response, host: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) break;
    size += value.length;
    if (size > ANSWER_BYTES_MAX) {
      await reader?.cancel();
      throw new FetchFailure(`${host} answered with more than ${ANSWER_BYTES_MAX} bytes`);
    }
    chunks.push(value);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
