/** Pages without a script, a style or anything else from outside. Text that is put into one is escaped by `html`. */
import type { Context, Next } from "hono";
import { html, raw } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type Problem, problemResponse } from "../../problem.ts";
import type { Request } from "../request.ts";

/** What every answer under /auth/ carries: it belongs into no frame, no cache and no other site's log. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Where cookies count. The path is what routes are found by, decoded. */
export function isSignIn(c: Context): boolean {
  return c.req.path.startsWith("/auth/");
}

export async function privately(c: Context, next: Next): Promise<void> {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
}

type Html = ReturnType<typeof html>;

export const link = (href: string, text: string): Html => html`<a href="${href}">${text}</a>`;

export function list(items: Html[]): Html {
  return html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

export function page(c: Request, title: string, content: Html, status: ContentfulStatusCode = 200): Response | Promise<Response> {
  return c.html(
    html`${raw("<!doctype html>")}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>${title}</title></head><body><main><h1>${title}</h1>${content}</main></body></html>
`,
    status,
  );
}

/** For programs, such as a console of ours. Whoever says nothing is taken for a person. */
export function wantsJson(c: Request): boolean {
  const accept = c.req.header("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/html");
}

/** A refusal as whoever asked can read it. Cookies that were set before it stay. */
export function refusal(c: Request, problem: Problem): Response | Promise<Response> {
  const { status, headers, body } = problemResponse(problem, c.var.traceId);
  // what is asked for by a page's script, or answers one
  if (c.req.method !== "GET" || wantsJson(c) || c.req.path === "/auth/session")
    return c.newResponse(body, status as ContentfulStatusCode, Object.fromEntries(headers));
  const retryAfter = headers.get("retry-after");
  if (retryAfter) c.header("retry-after", retryAfter);
  const text = html`<p>${problem.message}</p><p><small>Trace ${c.var.traceId}</small></p>`;
  return page(c, TITLES[problem.status] ?? "Something went wrong", text, status as ContentfulStatusCode);
}

const TITLES: Record<number, string> = {
  400: "Sign-in failed",
  403: "You cannot come in",
  404: "There is nothing here",
  501: "Not set up yet",
  502: "The identity provider cannot be used",
  503: "Try again in a moment",
};
