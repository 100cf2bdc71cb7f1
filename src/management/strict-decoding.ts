/**
 * axiom-go can be told to refuse members that it does not know, as its own integration suites do. Its versions up to v0.25 know fewer
 * than Axiom's API has, and nothing in a request tells whether it will be read strictly; so they get what they know, and lose nothing.
 */
import { type Request, userAgentOf } from "./request.ts";

/** `axiom-go/v0.25.0`; suites, and programs built from a working copy, say no version. */
const AGENT = /^axiom-go(?:\/v?(\d+)\.(\d+)|\b)/;
/** Minor version of the 0 series from which on all members are sent, as to every other client. */
const READS_ALL_FROM = 26;

/** The answer without `since`, the members that are younger than what the client reads. */
export function understood<T extends object>(c: Request, answer: T, since: readonly (keyof T & string)[]): Partial<T> {
  const agent = AGENT.exec(userAgentOf(c) ?? "");
  if (!agent || Number(agent[1] ?? 0) > 0 || Number(agent[2] ?? 0) >= READS_ALL_FROM) return answer;
  const left: Partial<T> = { ...answer };
  for (const member of since) delete left[member];
  return left;
}
