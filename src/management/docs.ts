/** Pages about the API, credentials and trust, as they stand in `src/docs/`. Public: they hold nothing of a deployment's own. */
import api from "../docs/api.md";
import credentials from "../docs/credentials.md";
import queries from "../docs/queries.md";
import revocation from "../docs/revocation.md";
import threatModel from "../docs/threat-model.md";
import { Problem } from "../problem.ts";
import type { Request } from "./request.ts";
import type { Route } from "./route.ts";

const PAGES: Record<string, string> = { api, credentials, queries, revocation, "threat-model": threatModel };

export const docs: Route[] = [
  { method: "GET", path: "/docs", as: "anyone", by: "nothing: the page is public", run: index },
  { method: "GET", path: "/docs/:page", as: "anyone", by: "nothing: the page is public", run: page },
];

function index(c: Request): Response {
  const lines = Object.entries(PAGES).map(([name, text]) => `* [${text.slice(2, text.indexOf("\n"))}](/docs/${name})`);
  return markdown(c, `# Headgate\n\n${lines.join("\n")}\n`);
}

function page(c: Request): Response {
  const name = (c.req.param("page") ?? "").replace(/\.md$/, "");
  if (!Object.hasOwn(PAGES, name)) throw new Problem("resource-unknown", `page not found; there is ${Object.keys(PAGES).join(", ")}`);
  return markdown(c, PAGES[name] as string);
}

function markdown(c: Request, text: string): Response {
  return c.body(text, 200, { "content-type": "text/markdown; charset=utf-8", "x-content-type-options": "nosniff" });
}
