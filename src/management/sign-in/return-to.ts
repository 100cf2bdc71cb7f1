/** Where somebody goes after signing in: a place of this deployment and no other. */

const HOME = "/";
/** It travels in a cookie, of which a browser takes 4096 bytes. */
const LENGTH_MAX = 512;
/** Neither `//host` nor `/\host`, which browsers read as the same. */
const PATH = /^\/(?![/\\])[^\r\n]*$/;

/** @param values all that were sent; anything but one sound path is the beginning. */
export function returnPath(values: string[], publicUrl: string): string {
  const [text = ""] = values;
  if (values.length !== 1 || text.length > LENGTH_MAX || !PATH.test(text)) return HOME;
  const url = URL.parse(text, publicUrl);
  if (url?.origin !== publicUrl) return HOME;
  const path = `${url.pathname}${url.search}${url.hash}`;
  // `/.//host` becomes `//host` only now
  return PATH.test(path) && path.length <= LENGTH_MAX ? path : HOME;
}
