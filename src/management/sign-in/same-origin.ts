/** Requests that change something by a cookie must come from a page of this deployment itself. */
import { Problem } from "../../problem.ts";
import { settingsOf } from "../env.ts";
import type { Request } from "../request.ts";

/**
 * SameSite keeps other sites' pages out, but not those of a sibling domain, and not every browser. A form cannot send JSON, and no page can
 * choose its Origin.
 * @throws Problem `request-forged`.
 */
export function requireSameOrigin(c: Request): void {
  const { publicUrl } = settingsOf(c.env);
  const site = c.req.header("sec-fetch-site");
  if (c.req.header("origin") !== publicUrl) throw forged(`the header Origin must be ${publicUrl}`);
  if (site !== undefined && site !== "same-origin") throw forged("the header Sec-Fetch-Site must be same-origin");
  if (!/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))
    throw forged("the header Content-Type must be application/json");
}

function forged(why: string): Problem {
  return new Problem("request-forged", `this is taken from pages of this deployment only: ${why}`);
}
