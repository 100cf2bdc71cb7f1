/** From what an issuer says about a workload to what the workload may do. */
import type { Capability } from "../capability.ts";
import { type ClaimMapping, type ClaimTest, WORKLOAD_CAPABILITIES } from "../trusted-issuer.ts";

/** The claims as verified. Capabilities by dataset id, or `*`, of all mappings that match; empty when none does. */
export function grantedBy(mappings: readonly ClaimMapping[], claims: Record<string, unknown>): Record<string, Capability[]> {
  const granted = new Map<string, Capability[]>();
  for (const { when, grants } of mappings) {
    // no condition would be everybody that the issuer knows
    if (when.length === 0 || !when.every((test) => holds(test, claims))) continue;
    for (const [dataset, capabilities] of Object.entries(grants.datasets)) {
      const allowed = capabilities.filter((capability) => WORKLOAD_CAPABILITIES.includes(capability));
      if (allowed.length > 0) granted.set(dataset, [...new Set([...(granted.get(dataset) ?? []), ...allowed])]);
    }
  }
  return Object.fromEntries(granted);
}

/** Names of the claims that mappings look at, for a refusal. */
export function claimsLookedAt(mappings: readonly ClaimMapping[]): string[] {
  return [...new Set(mappings.flatMap(({ when }) => when.map(({ claim }) => claim)))];
}

function holds(test: ClaimTest, claims: Record<string, unknown>): boolean {
  const value = Object.hasOwn(claims, test.claim) ? claims[test.claim] : undefined;
  if ("includes" in test) return wordsOf(value).includes(test.includes);
  if (typeof value !== "string") return false;
  return "equals" in test ? value === test.equals : test.startsWith !== "" && value.startsWith(test.startsWith);
}

function wordsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "string" ? value.split(" ") : [];
}
