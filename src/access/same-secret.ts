/** The one way in which secrets are compared. */
import { createHash, timingSafeEqual } from "node:crypto";

/** By their digests, in constant time: of texts as they are, the time would tell how far they agree, and how long they are. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
