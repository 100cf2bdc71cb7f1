/**
 * `/v1/report-leak`: for anybody who has found a token. The answer never tells whether it was one: it is the same for a live token, a dead
 * one and a text that somebody made up.
 */
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import { settingsOf } from "../env.ts";
import { type Request, readBody } from "../request.ts";
import type { Route } from "../route.ts";
import { requireCalm } from "./flood.ts";
import { suspectOf } from "./leaked.ts";
import { revokeLeaked } from "./revoke.ts";

const TOKENS_MAX = 100;

const Report = v.strictObject({
  token: v.nullish(v.string()),
  tokens: v.nullish(v.pipe(v.array(v.string()), v.maxLength(TOKENS_MAX, `must be at most ${TOKENS_MAX} tokens`))),
});

export const reportLeak: Route[] = [
  { method: "POST", path: "/v1/report-leak", as: "anyone", by: "possession: who can show a token may have it ended", run: report },
];

async function report(c: Request): Promise<Response> {
  const { token, tokens } = await readBody(c, Report);
  const texts = [...(tokens ?? []), ...(typeof token === "string" ? [token] : [])];
  if (texts.length === 0)
    throw new Problem("body-invalid", 'the body must hold the token, as {"token": "…"}, or several as {"tokens": […]}');
  const settings = settingsOf(c.env);
  const suspects = texts.flatMap((text) => suspectOf(text, "", settings) ?? []);
  if (suspects.length > 0) {
    await requireCalm(c);
    await revokeLeaked(c, suspects, { id: "anonymous", name: "Leak report" });
  }
  return c.json({ message: "thank you; whatever was a live token of this deployment is being revoked" }, 202);
}
