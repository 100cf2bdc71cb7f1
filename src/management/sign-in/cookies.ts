/** Cookies, read and written in this folder only: the API never looks at them. */

const PAIRS_MAX = 200;

/**
 * By name. One that was sent twice is left out: the browser keeps a `__Host-` cookie once, so somebody else has added to the header.
 */
export function readCookies(headers: Headers): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  const twice = new Set<string>();
  for (const pair of (headers.get("cookie") ?? "").split(";", PAIRS_MAX)) {
    const [, name = "", value = ""] = /^\s*([^=\s]+)=(\S*)\s*$/.exec(pair) ?? [];
    if (cookies.has(name)) twice.add(name);
    if (name) cookies.set(name, value);
  }
  for (const name of twice) cookies.delete(name);
  return cookies;
}

/**
 * The value of a Set-Cookie header. `__Host-` makes the browser insist on what is said here, so that neither a sibling domain nor plain
 * HTTP can put one of the same name in its place. Browsers take such a cookie from http://localhost, too.
 * @param name begins with `__Host-`.
 * @param value letters, digits and - . _ only.
 */
export function setCookie(name: string, value: string, maxAgeS: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeS}; Secure; HttpOnly; SameSite=Lax`;
}

export function dropCookie(name: string): string {
  return setCookie(name, "", 0);
}
