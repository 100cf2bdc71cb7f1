/** The user who is calling. */
import { everything } from "../access/capability.ts";
import type { Visitor } from "./caller.ts";
import { ROLE_NAMES } from "./people/rights.ts";
import type { Request } from "./request.ts";
import { PEOPLE, type Route } from "./route.ts";

/**
 * An API token has no user of its own, and to name the one who made it would show a person's name and address to everybody who
 * holds an ingest token, browsers included.
 */
export const users: Route[] = [
  { method: "GET", path: "/v2/user", as: "visitor", by: PEOPLE, run: (c, visitor) => c.json(view(visitor)) },
  { method: "GET", path: "/v1/user", as: "visitor", by: PEOPLE, run: first },
];

/** The union of what axiom-rs reads (`emails`) and what the first specification promised (`permissions`). */
function first(c: Request, visitor: Visitor): Response {
  const permissions = visitor.membership?.role === "owner" ? everything().org : [];
  return c.json({ ...view(visitor), emails: [visitor.user?.email], permissions });
}

function view({ user, membership }: Visitor) {
  const role = membership?.role ?? "none";
  return {
    id: user?.id,
    name: user?.name,
    email: user?.email,
    role: { id: role, name: (ROLE_NAMES as Record<string, string>)[role] ?? role },
  };
}
