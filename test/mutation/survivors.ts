/** Mutants that no test can kill, and why. Not judged; they count as survivors all the same. */

export interface Survivor {
  file: string;
  /** The lines as they are and as they become, as `npm run mutate` prints them. */
  was: string;
  is: string;
  /** Ends a sentence that begins "It survives because". */
  because: string;
}

export const SURVIVORS: Survivor[] = [
  {
    file: "src/access/address.ts",
    was: "const LENGTH_MAX = 64;",
    is: "const LENGTH_MAX = 64 + 1;",
    because: "no text of more than 45 characters is an address: the limit bounds work, not the answer",
  },
  {
    file: "src/access/address.ts",
    was: "const LENGTH_MAX = 64;",
    is: "const LENGTH_MAX = 64 - 1;",
    because: "no text of more than 45 characters is an address: the limit bounds work, not the answer",
  },
  {
    file: "src/access/address.ts",
    was: "if (text.length > LENGTH_MAX) return null;",
    is: "if (false) return null;",
    because: "no text of more than 45 characters is an address: the limit bounds work, not the answer",
  },
  {
    file: "src/access/address.ts",
    was: "if (text.length > LENGTH_MAX) return null;",
    is: "if (text.length >= LENGTH_MAX) return null;",
    because: "no text of more than 45 characters is an address: the limit bounds work, not the answer",
  },
  {
    file: "src/access/address.ts",
    was: 'const dotted = last && index === parts.length - 1 && part.includes(".") ? ipv4(part) : null;',
    is: 'const dotted = last && index === parts.length - 1 && part.includes("") ? ipv4(part) : null;',
    because: "a part without a dot is no IPv4 address for ipv4() either",
  },
  {
    file: "src/access/authorization.ts",
    was: 'const word = match?.[2] ?? "";',
    is: "const word = (match?.[2]);",
    because: "without a match there is no scheme, and the word is not looked at",
  },
  {
    file: "src/access/dataset-settings.ts",
    was: 'return hostname === "localhost" || hostname === "[::1]" || /^127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/.test(hostname);',
    is: 'return hostname === "localhost" || hostname === "[::1]" || /127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/.test(hostname);',
    because: "the URL parser takes no host that ends in a number but an IPv4 address",
  },
  {
    file: "src/access/network-list.ts",
    was: 'const network = typeof entry === "string" && entry.length <= NETWORK_LENGTH_MAX ? networkOf(entry) : null;',
    is: "const network = true ? networkOf(entry) : null;",
    because: "networkOf() refuses what is no text, and no network is so long",
  },
  {
    file: "src/access/network-list.ts",
    was: 'const network = typeof entry === "string" && entry.length <= NETWORK_LENGTH_MAX ? networkOf(entry) : null;',
    is: 'const network = typeof entry === "string" && entry.length < NETWORK_LENGTH_MAX ? networkOf(entry) : null;',
    because: "no network has 64 characters",
  },
  {
    file: "src/access/seal.ts",
    was: 'const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);',
    is: 'const sealed = Buffer.concat([cipher.update(text, ""), cipher.final(), cipher.getAuthTag()]);',
    because: "an empty encoding means UTF-8, too",
  },
  {
    file: "src/edge/documents/budget.ts",
    was: "isGuessing: (ip, now) => ip !== null && (countOf(ip, now)?.times ?? 0) >= UNKNOWN_PER_ADDRESS_MAX,",
    is: "isGuessing: (ip, now) => ip !== null && ((countOf(ip, now)?.times)) >= UNKNOWN_PER_ADDRESS_MAX,",
    because: "undefined is not at least any number",
  },
  {
    file: "src/edge/documents/budget.ts",
    was: 'if (!ip.includes(":")) return ip;',
    is: "if (false) return ip;",
    because: "an IPv4 address then becomes another name, but still one of its own",
  },
  {
    file: "src/edge/documents/budget.ts",
    was: 'if (!ip.includes(":")) return ip;',
    is: 'if (!ip.includes("")) return ip;',
    because: "an IPv4 address then becomes another name, but still one of its own",
  },
  {
    file: "src/access/workload/fetch-trusted.ts",
    was: "if (done || !value) break;",
    is: "if (done && !value) break;",
    because: "a stream ends with both at once, and gives a value otherwise",
  },
  {
    file: "src/access/workload/fetch-trusted.ts",
    was: 'return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\\.\\d{1,3}){3}$/.test(host);',
    is: 'return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /127(\\.\\d{1,3}){3}$/.test(host);',
    because: "the URL parser takes no host that ends in a number but an IPv4 address",
  },
  {
    file: "src/access/workload/key-sets.ts",
    was: "const FETCHED_BY_OTHERS_MS = 1_000;",
    is: "const FETCHED_BY_OTHERS_MS = 1_000 + 1;",
    because: "it bounds a wait, which is looked at every 25 ms",
  },
  {
    file: "src/access/workload/key-sets.ts",
    was: "const LOOK_EVERY_MS = 25;",
    is: "const LOOK_EVERY_MS = 25 - 1;",
    because: "looking a millisecond earlier sees the same",
  },
  {
    file: "src/access/workload/key-sets.ts",
    was: "for (let waited = 0; waited < FETCHED_BY_OTHERS_MS && held.ended === ended && isFetching(held); waited += LOOK_EVERY_MS)",
    is: "for (let waited = 0; waited <= FETCHED_BY_OTHERS_MS && held.ended === ended && isFetching(held); waited += LOOK_EVERY_MS)",
    because: "it bounds a wait: once more or less makes no other answer",
  },
  {
    file: "src/edge/documents/documents.ts",
    was: "if (held && fresh === true) return held;",
    is: "if (false) return held;",
    because: "the same is found again two lines below, a moment later",
  },
  {
    file: "src/edge/documents/documents.ts",
    was: "const reading = held ? null : readKv(key, read, env);",
    is: "const reading = true ? null : readKv(key, read, env);",
    because: "KV is read a little later then, and answers the same",
  },
  {
    file: "src/edge/documents/documents.ts",
    was: 'return { key: issuerKey(digest), read: readTrustedIssuer, ask, guessable: true, kind: "issuer" };',
    is: 'return { key: issuerKey(digest), read: readTrustedIssuer, ask, guessable: true, kind: "" };',
    because: "a budget without a name is still no other's",
  },
  {
    file: "src/management/people/rights.ts",
    was: "const seen = (teams?.results ?? []) as { dataset: string | null }[];",
    is: "const seen = ((teams?.results)) as { dataset: string | null }[];",
    because: "a batch of two statements has two results; the types do not say so",
  },
];
