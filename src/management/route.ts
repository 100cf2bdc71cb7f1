/**
 * Routes as rows of data: who may come, and what they need. A path without a row is a 404, so that whatever is forgotten is refused.
 * The same rows make the authorization matrix of the tests.
 */
import type { Hono } from "hono";
import type { Capability } from "../access/capability.ts";
import { Problem } from "../problem.ts";
import {
  type Caller,
  type CredentialKind,
  callerOf,
  forbidden,
  isRecent,
  maySee,
  requireCapability,
  requireOn,
  type Visitor,
  visitorOf,
} from "./caller.ts";
import { type Dataset, getDataset } from "./datasets/store.ts";
import type { Management, Request } from "./request.ts";

export const ANY_CREDENTIAL: readonly CredentialKind[] = ["api", "personal", "session"];
export const PEOPLE: readonly CredentialKind[] = ["personal", "session"];

export interface Place {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
}

/** What is asked of somebody who acts in an organisation. */
export interface Rule {
  by: readonly CredentialKind[];
  /** Capability on the organisation; null: none, or whatever `run` finds out itself. */
  needs: Capability | null;
  /** For owners and administrators only, whatever else their role is called. */
  admin?: boolean;
  /** A session must have been signed in within STEP_UP_MS. Other kinds in `by` have no such moment and are not asked. */
  recent?: boolean;
  /** Capability on the dataset that `:dataset` names, or merely that the caller may see it. */
  on?: Capability | "see";
}

type Answer = Response | Promise<Response>;

export interface CallerRoute extends Place, Rule {
  as: "caller";
  run(c: Request, caller: Caller): Answer;
}

/** With the dataset that `:dataset` names. One that the caller may not see is as unknown as one that does not exist. */
export interface DatasetRoute extends Place, Rule {
  as: "dataset";
  on: Capability | "see";
  run(c: Request, caller: Caller, dataset: Dataset): Answer;
}

/** Without an organisation. */
export interface VisitorRoute extends Place, Pick<Rule, "by" | "recent"> {
  as: "visitor";
  run(c: Request, visitor: Visitor): Answer;
}

/** No token of Headgate's: `by` says in words what `run` itself checks. */
export interface OpenRoute extends Place {
  as: "anyone";
  by: string;
  run(c: Request): Answer;
}

export type Route = CallerRoute | DatasetRoute | VisitorRoute | OpenRoute;

export function mount(app: Hono<Management>, routes: readonly Route[]): void {
  for (const route of routes) app.on(route.method, route.path, (c) => enter(c, route));
}

async function enter(c: Request, route: Route): Promise<Response> {
  c.set("route", `${route.method} ${route.path}`);
  switch (route.as) {
    case "anyone":
      return route.run(c);
    case "visitor": {
      const visitor = await visitorOf(c, route.by);
      if (route.recent) requireRecent(visitor, c.var.now);
      return route.run(c, visitor);
    }
    case "caller":
      return route.run(c, await allowed(c, route));
    case "dataset": {
      const caller = await allowed(c, route);
      return route.run(c, caller, await datasetOf(c, caller, c.req.param("dataset") ?? "", route.on));
    }
  }
}

async function allowed(c: Request, { by, needs, admin, recent }: Rule): Promise<Caller> {
  const caller = await callerOf(c, by);
  c.set("caller", caller);
  if (needs) requireCapability(caller, needs);
  if (admin) requireAdmin(caller);
  if (recent) requireRecent(caller, c.var.now);
  return caller;
}

export function isAdmin({ role }: Caller): boolean {
  return role === "owner" || role === "admin";
}

function requireAdmin(caller: Caller): void {
  if (!isAdmin(caller)) throw forbidden("the role Owner or Admin");
}

/** @throws Problem `sign-in-required` for a session whose person has not proved for a while who they are. */
export function requireRecent({ authenticatedAt }: Pick<Caller, "authenticatedAt">, now: number): void {
  if (authenticatedAt !== null && !isRecent(authenticatedAt, now))
    throw new Problem(
      "sign-in-required",
      "this needs a sign-in of the last 15 minutes: sign in again and send the request with the new session",
    );
}

/** @throws Problem `dataset-unknown` for one that the caller may not see, too. */
async function datasetOf(c: Request, caller: Caller, name: string, on: Capability | "see"): Promise<Dataset> {
  const dataset = await getDataset(c.env.DB, caller.org, name, (found) => maySee(caller, found.id));
  if (on !== "see") requireOn(caller, on, dataset);
  return dataset;
}
