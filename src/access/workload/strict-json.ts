/**
 * JSON in which no object says a member twice. `JSON.parse` keeps the last, other parsers the first: two that judge one token would
 * read different claims (RFC 8725 2.6, RFC 7519 4).
 */

/** Structure that the walk below looks at; everything between is skipped. JSON.parse has vouched for the rest. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** @throws SyntaxError for anything that is not JSON, and for a repeated member at any depth. */
export function parseStrict(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // names said so far in each open object; null for an array
  const open: (Set<string> | null)[] = [];
  let nameComes = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") open.push(token === "{" ? new Set() : null);
    else if (token === "}" || token === "]") open.pop();
    else if (nameComes) note(open.at(-1), token);
    nameComes = token === "{" || (token === "," && open.at(-1) instanceof Set);
  }
  return value;
}

/** Compared as read: `"\u0061"` and `"a"` are one name. */
function note(names: Set<string> | null | undefined, token: string): void {
  const name = JSON.parse(token) as string;
  if (names?.has(name)) throw new SyntaxError("an object has a member twice");
  names?.add(name);
}
