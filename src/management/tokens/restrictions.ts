/** What restricts a token beside its capabilities and its end: a beginning, networks, limits. Headgate's own; Axiom knows none. */
import * as v from "valibot";
import { inNetworks } from "../../access/network.ts";
import { readNetworks } from "../../access/network-list.ts";
import type { TokenLimits } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import { instant, readExpiry } from "./expiry.ts";

const REQUESTS_PER_SECOND_MAX = 1_000_000;
const BYTES_PER_SECOND_MAX = 100_000_000_000;
const BYTES_PER_DAY_MAX = 1_000_000_000_000_000;

export interface Restrictions {
  /** Epoch milliseconds; null: at once. */
  notBefore: number | null;
  /** CIDR, in their one spelling; null: any. */
  networks: string[] | null;
  /** Never an empty object. */
  limits: TokenLimits | null;
}

export const UNRESTRICTED: Restrictions = { notBefore: null, networks: null, limits: null };

const limit = (most: number) => {
  const words = `must be a whole number from 1 to ${most}, or null for none`;
  return v.nullish(v.pipe(v.number(words), v.safeInteger(words), v.minValue(1, words), v.maxValue(most, words)));
};

export const Limits = v.strictObject({
  requestsPerSecond: limit(REQUESTS_PER_SECOND_MAX),
  bytesPerSecond: limit(BYTES_PER_SECOND_MAX),
  bytesPerDay: limit(BYTES_PER_DAY_MAX),
});
export type Limits = v.InferOutput<typeof Limits>;

/** Of a request; `null` and absence mean that nothing is restricted. */
export const RestrictionMembers = {
  notBefore: v.nullish(v.string()),
  networks: v.optional(v.unknown()),
  limits: v.nullish(Limits),
};

interface Members {
  notBefore?: string | null | undefined;
  networks?: unknown;
  limits?: Limits | null | undefined;
}

/**
 * Does not check that the caller may hand on so much.
 * @param end of the token, epoch milliseconds, or null.
 * @throws Problem `body-invalid` naming the member.
 */
export function readRestrictions(request: Members, end: number | null, member = ""): Restrictions {
  const notBefore = readExpiry(`${member}notBefore`, request.notBefore, "at once").at;
  if (notBefore !== null && end !== null && notBefore >= end)
    throw new Problem("body-invalid", `${member}notBefore is not before the token's end; choose an earlier time, or a later expiresAt`);
  return {
    notBefore,
    networks: request.networks === undefined || request.networks === null ? null : readNetworks(request.networks, `${member}networks`),
    limits: readLimits(request.limits),
  };
}

export function readLimits(limits: Limits | null | undefined): TokenLimits | null {
  const set = Object.entries(limits ?? {}).filter(([, value]) => typeof value === "number");
  return set.length > 0 ? (Object.fromEntries(set) as TokenLimits) : null;
}

/**
 * The subset rule: what a token hands on is restricted as it is itself. A limit that is not asked for is the maker's own. A beginning
 * that is not asked for is the present, in which the maker has begun.
 * @throws Problem `grant-too-wide` naming the member.
 */
export function restrictedAs(maker: Restrictions, wanted: Restrictions): Restrictions {
  if (maker.notBefore !== null && wanted.notBefore !== null && wanted.notBefore < maker.notBefore)
    throw tooWide(`notBefore is earlier than the caller's own; choose ${instant(maker.notBefore)} or later`);
  requireInside(maker.networks, wanted.networks);
  if (maker.limits === null) return wanted;
  const limits = { ...maker.limits, ...wanted.limits };
  const looser = loosened(maker.limits, limits);
  if (looser) throw tooWide(`limits.${looser} may be ${maker.limits[looser]} at most, which is the caller's own`);
  return { ...wanted, limits };
}

/** The first limit that is looser than before; null: none. */
export function loosened(before: TokenLimits | null, after: TokenLimits | null): keyof TokenLimits | null {
  const names = Object.keys(before ?? {}) as (keyof TokenLimits)[];
  return names.find((name) => (after?.[name] ?? Number.POSITIVE_INFINITY) > (before?.[name] ?? Number.POSITIVE_INFINITY)) ?? null;
}

/** Each network inside a single one of the maker's: two neighbours are not taken for the network that they make up together. */
function requireInside(makers: string[] | null, wanted: string[] | null): void {
  if (makers === null) return;
  const own = makers.join(", ");
  if (wanted === null) throw tooWide(`networks is missing, and the caller may come from ${own} only; add networks that lie in these`);
  const outside = wanted.find((network) => !makers.some((one) => liesIn(one, network)));
  if (outside !== undefined) throw tooWide(`${outside} in networks does not lie in any of the caller's own, ${own}`);
}

function liesIn(outer: string, inner: string): boolean {
  const [base = ""] = inner.split("/");
  return prefixOf(outer) <= prefixOf(inner) && inNetworks([outer], base);
}

/** A single address is written without a prefix. */
function prefixOf(network: string): number {
  const [base = "", prefix] = network.split("/");
  return prefix === undefined ? (base.includes(":") ? 128 : 32) : Number(prefix);
}

function tooWide(text: string): Problem {
  return new Problem("grant-too-wide", `a token may not exceed the credential that makes it: ${text}`);
}
