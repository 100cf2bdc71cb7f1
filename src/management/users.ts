/** The user who is calling. */
import { Hono } from "hono";
import { everything } from "../access/capability.ts";
import { type Visitor, visitorOf } from "./caller.ts";
import type { Management } from "./request.ts";

const ROLES: Record<string, string> = { owner: "Owner" };

export const users = new Hono<Management>();

users.get("/v2/user", async (c) => c.json(view(await visitorOf(c))));

// The union of what axiom-rs reads (`emails`) and what the first specification promised (`permissions`).
users.get("/v1/user", async (c) => {
  const visitor = await visitorOf(c);
  const permissions = visitor.membership?.role === "owner" ? everything().org : [];
  return c.json({ ...view(visitor), emails: [visitor.user.email], permissions });
});

function view({ user, membership }: Visitor) {
  const role = membership?.role ?? "none";
  return { id: user.id, name: user.name, email: user.email, role: { id: role, name: ROLES[role] ?? role } };
}
