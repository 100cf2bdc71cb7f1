/** What every request to management meets before and after its route. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { methodNotAllowed } from "hono/method-not-allowed";
import { version } from "../../package.json";
import { asProblem, Problem, problemResponse } from "../problem.ts";
import { countRefusal } from "./audit/refusals.ts";
import type { Management } from "./request.ts";
import { mount, type Route } from "./route.ts";
import { isSignIn, privately, refusal } from "./sign-in/page.ts";

const TOKENS_NEVER_CHANGE =
  "; a token's capabilities never change: create another with POST /v2/tokens, or replace it with POST /v2/tokens/<id>/regenerate";

/** Any origin: the credential is a header that a page must have been given, never a cookie. */
const anyOrigin = cors({
  origin: "*",
  allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  // those of Axiom's JavaScript clients, whose `cache: "no-store"` adds two more
  allowHeaders: [
    ..."Authorization Content-Type Content-Encoding Accept Cache-Control Pragma traceparent Idempotency-Key".split(" "),
    ..."X-Axiom-Client X-Axiom-Org-Id X-Axiom-Event-Labels X-Axiom-CSV-Fields X-Axiom-Dataset".split(" "),
  ],
  exposeHeaders: ["X-Axiom-Trace-Id", "Retry-After"],
  maxAge: 86_400,
});

/** The API with these routes; tests judge who may come with the same rows. */
export function openApp(routes: readonly Route[]): Hono<Management> {
  const app = new Hono<Management>();

  app.use(async (c, next) => {
    c.set("now", Date.now());
    c.set("traceId", crypto.randomUUID().replaceAll("-", ""));
    await next();
    c.res.headers.set("x-axiom-trace-id", c.var.traceId);
    // what is answered depends on the credential, and some answers hold a secret
    c.res.headers.set("cache-control", "no-store");
  });

  app.use((c, next) => {
    if (!URL.canParse(c.req.url)) throw new Problem("parameter-invalid", "the request's Host and path make no URL; mend the Host header");
    return next();
  });

  // Where cookies count, no other origin does.
  app.use((c, next) => (isSignIn(c) ? privately(c, next) : anyOrigin(c, next)));

  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(", ");
        const why = /^\/(v2\/tokens|api\/v1\/tokens\/(api|ingest))\/[^/]+$/.test(c.req.path) ? TOKENS_NEVER_CHANGE : "";
        const problem = new Problem("method-not-allowed", `${c.req.path} takes ${allow}, not ${c.req.method}${why}`);
        const response = problemResponse(problem, c.var.traceId);
        response.headers.set("allow", allow);
        return response;
      },
    }),
  );

  app.get("/healthz", (c) => c.json({ status: "ok", worker: "management", version }));

  mount(app, routes);

  app.notFound((c) =>
    problemResponse(
      new Problem(
        "route-unknown",
        `${c.req.path} is no route of the management API; events and segments are at the dataset's edge, which GET /v2/datasets names`,
      ),
      c.var.traceId,
    ),
  );

  app.onError(async (error, c) => {
    const problem = storeProblem(error) ?? asProblem(error);
    await countRefusal(c, problem);
    return isSignIn(c) ? refusal(c, problem) : problemResponse(problem, c.var.traceId);
  });
  return app;
}

/** Whatever D1 throws is an outage to the caller, except a broken constraint, which is a fault of ours. */
function storeProblem(error: Error): Problem | null {
  if (!error.message.startsWith("D1_") || error.message.includes("SQLITE_CONSTRAINT")) return null;
  console.error("database", error.message);
  return new Problem("store-unavailable", "the database does not answer; nothing was changed, send the request again in a second");
}
