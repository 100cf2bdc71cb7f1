/** A question to management about one document. */
import { Problem } from "../../problem.ts";
import { within } from "../within.ts";

/** @throws Problem also for an answer that cannot be read: it is from another version of management, and no "unknown". */
export async function askAuthority<T>(ms: number, ask: () => Promise<unknown>, read: (value: unknown) => T | null): Promise<T | null> {
  let answer: unknown;
  try {
    answer = await within(ms, ask());
  } catch (error) {
    console.warn("authority look-up failed", String(error));
    throw unavailable("the credential cannot be checked at the moment; send again in a second");
  }
  const document = read(answer);
  if (answer !== null && document === null) {
    console.error("the authority's answer is of another version; deploy the edges and management alike");
    throw unavailable("the credential cannot be checked at the moment; send again in a second");
  }
  return document;
}

export function unavailable(detail: string): Problem {
  return new Problem("store-unavailable", detail);
}
