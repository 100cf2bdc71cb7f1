/** `GET /v2/tokens?details=true`, `/v2/tokens/:id/details` and `/v2/tokens/:id/usage`: what the people who look after tokens ask. */
import { EVERY } from "../../access/capability.ts";
import { Problem } from "../../problem.ts";
import { type Caller, maySee } from "../caller.ts";
import { getDataset } from "../datasets/store.ts";
import type { Request } from "../request.ts";
import { answerWithDetails, datasetNames, STATES, type State, stateOf, tokenOfPath, viewDetails } from "./answer.ts";
import { instant } from "./expiry.ts";
import { listTokens, type Token, viewToken } from "./store.ts";
import { usageOf } from "./usage.ts";

const DAY_MS = 86_400_000;
/** As long as days of use are kept. */
const DAYS_MAX = 400;
const USAGE_DAYS = 30;
const SEARCH_LENGTH_MAX = 200;

const FILTERS = ["state", "dataset", "unused", "q"] as const;

type Filter = (token: Token) => boolean;

/** Axiom's list, as its clients compare it; details and filters only where `details=true` asks for them. */
export async function list(c: Request, caller: Caller): Promise<Response> {
  const details = readDetails(c);
  const filters = details ? await filtersOf(c, caller) : [];
  const [all, names] = await Promise.all([listTokens(c.env.DB, caller.org, c.var.now), datasetNames(c.env.DB, caller.org)]);
  if (!details) return c.json(all.map((token) => viewToken(token, names)));
  return c.json(all.filter((token) => filters.every((passes) => passes(token))).map((token) => viewDetails(token, names, c.var.now)));
}

export async function getDetails(c: Request, caller: Caller): Promise<Response> {
  return answerWithDetails(c, caller, await tokenOfPath(c, caller));
}

/** By day (UTC), oldest first; days without use are left out, and what regions have not reported yet is missing. */
export async function usage(c: Request, caller: Caller): Promise<Response> {
  const days = readDays("days", c.req.query("days")) ?? USAGE_DAYS;
  const { id, lastUsedAt } = await tokenOfPath(c, caller);
  const since = new Date(c.var.now - (days - 1) * DAY_MS).toISOString().slice(0, 10);
  return c.json({ id, lastUsedAt: lastUsedAt === null ? null : instant(lastUsedAt), since, days: await usageOf(c.env.DB, id, since) });
}

function readDetails(c: Request): boolean {
  const text = c.req.query("details");
  if (text === "true") return true;
  if (text !== undefined && text !== "false") throw new Problem("parameter-invalid", "details must be true or false");
  const filter = FILTERS.find((name) => c.req.query(name) !== undefined);
  if (filter) throw new Problem("parameter-invalid", `${filter} needs details=true: the plain list is always whole`);
  return false;
}

async function filtersOf(c: Request, caller: Caller): Promise<Filter[]> {
  const filters: Filter[] = [];
  const [state, name, unused, q] = FILTERS.map((filter) => c.req.query(filter));
  if (state !== undefined) {
    if (!STATES.includes(state as State)) throw new Problem("parameter-invalid", `state must be one of ${STATES.join(", ")}`);
    filters.push((token) => stateOf(token, c.var.now) === state);
  }
  if (name !== undefined) {
    const { id } = await getDataset(c.env.DB, caller.org, name, (found) => maySee(caller, found.id));
    filters.push(({ capabilities: { datasets } }) => Object.hasOwn(datasets, id) || Object.hasOwn(datasets, EVERY));
  }
  const days = readDays("unused", unused);
  // one that nobody has used yet counts from the day it was made
  if (days !== null) filters.push(({ lastUsedAt, createdAt }) => (lastUsedAt ?? createdAt) <= c.var.now - days * DAY_MS);
  if (q !== undefined) filters.push(search(q));
  return filters;
}

/** In what people know of a token: texts, id, the secret's last characters. */
function search(q: string): Filter {
  if (q === "" || q.length > SEARCH_LENGTH_MAX) throw new Problem("parameter-invalid", `q must have 1 to ${SEARCH_LENGTH_MAX} characters`);
  const sought = q.toLowerCase();
  return ({ id, name, description, hint }) => [id, name, description, hint].some((text) => text.toLowerCase().includes(sought));
}

function readDays(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > DAYS_MAX)
    throw new Problem("parameter-invalid", `${name} must be a whole number of days from 1 to ${DAYS_MAX}`);
  return days;
}
