/** Signing in: what people see of it, and what the providers send them back to. */
import { html } from "hono/html";
import { digestOf } from "../../access/token.ts";
import { findInvitation } from "../people/invitations.ts";
import type { Request } from "../request.ts";
import type { Route } from "../route.ts";
import { callback, login, noWayIn } from "./flow.ts";
import { link, list, page, wantsJson } from "./page.ts";
import { type Door, findDoor, type ProviderType } from "./provider-store.ts";
import { providers } from "./providers.ts";
import { sessionRoutes } from "./session.ts";

/** Fixed paths first: an organisation's id is a path, too, and never one of these, as it ends in a hyphen and four characters. */
export const signIn: Route[] = [
  ...providers,
  ...sessionRoutes,
  { method: "GET", path: "/auth/invitations/:token", as: "anyone", by: "the invitation's token", run: showInvitation },
  { method: "GET", path: "/auth/:org", as: "anyone", by: "nothing", run: showDoor },
  { method: "GET", path: "/auth/:org/:provider/login", as: "anyone", by: "nothing", run: login },
  { method: "GET", path: "/auth/:org/:provider/callback", as: "anyone", by: "what login began and the provider answers", run: callback },
];

const NAMES: Record<ProviderType, string> = { oidc: "", google: " (Google)", github: " (GitHub)" };

async function showDoor(c: Request): Promise<Response> {
  const door = await findDoor(c.env.DB, c.req.param("org") ?? "");
  if (!door) throw noWayIn();
  return show(c, `Sign in to ${door.organisation.name}`, door, new URLSearchParams());
}

/** The token stands in the address: no answer under /auth/ is kept in a cache or told to the next page. */
async function showInvitation(c: Request): Promise<Response> {
  const token = c.req.param("token") ?? "";
  const invited = await findInvitation(c.env.DB, null, digestOf(token), c.var.now);
  const door = invited && (await findDoor(c.env.DB, invited.org));
  if (!door) throw noWayIn();
  return show(c, `You are invited to ${door.organisation.name}`, door, new URLSearchParams({ invitation: token }));
}

async function show(c: Request, title: string, { organisation, providers }: Door, query: URLSearchParams): Promise<Response> {
  const links = providers.map(({ name, type }) => ({
    name,
    type,
    login: `/auth/${organisation.id}/${name}/login?${query}`.replace(/\?$/, ""),
  }));
  if (wantsJson(c)) return c.json({ organisation, providers: links });
  const items = links.map(({ name, type, login }) => link(login, `Sign in with ${name}${NAMES[type]}`));
  return page(c, title, html`${list(items)}`);
}
