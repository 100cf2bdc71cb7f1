/** What every route is given, and how it reads a body. */
import type { Context } from "hono";
import * as v from "valibot";
import { Problem } from "../problem.ts";
import type { Caller } from "./caller.ts";
import type { ManagementEnv } from "./env.ts";

export interface Management {
  Bindings: ManagementEnv;
  Variables: {
    /** The clock, read once per request: epoch milliseconds. */
    now: number;
    /** 32 hexadecimal digits, of our own making: they also name the request's change in the database. */
    traceId: string;
    /** The row of the route table, such as `POST /v2/tokens`. */
    route?: string;
    /** Whoever was let in. */
    caller?: Caller;
  };
}

export type Request = Context<Management>;

const BODY_BYTES_MAX = 256 * 1024;
const USER_AGENT_LENGTH_MAX = 200;

/** The sender's address as the platform saw it. No other header counts, since anybody can send those. */
export function addressOf(c: Request): string | null {
  return c.req.header("cf-connecting-ip") ?? null;
}

export function queryOf(c: Request): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

export function userAgentOf(c: Request): string | null {
  return c.req.header("user-agent")?.slice(0, USER_AGENT_LENGTH_MAX) ?? null;
}

/** What people read in lists: no line breaks or other control characters. */
export const Name = v.pipe(
  v.string(),
  v.minLength(1, "must not be empty"),
  v.maxLength(200, "must be at most 200 characters"),
  v.regex(/^\P{Cc}*$/u, "must not hold control characters"),
);

/** Compared without regard to the case of ASCII letters; whether it exists, only its owner can show. */
export const Email = v.pipe(
  v.string(),
  v.maxLength(254, "must be at most 254 characters"),
  v.regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, "must be an e-mail address"),
);

/** Python's client says `null` for what was not given. */
export const Description = v.nullish(v.pipe(v.string(), v.maxLength(4_000, "must be at most 4000 characters")));

/**
 * The body as JSON of the given schema. Called after the credential has been checked. Unknown members are refused: a misspelt
 * `expiresAt` would otherwise make a token that never ends.
 * @throws Problem `body-invalid` naming the member, `body-too-large`.
 */
export async function readBody<S extends v.GenericSchema>(c: Request, schema: S): Promise<v.InferOutput<S>> {
  const text = await readText(c.req.raw);
  if (text === "") throw new Problem("body-invalid", `the body is empty; send a JSON object, which may hold ${membersOf(schema)}`);
  return checked(parseJson(text), schema, "the body");
}

/**
 * The same for the few bodies that are JSON arrays.
 * @throws Problem `body-invalid`, `body-too-large`.
 */
export async function readList<S extends v.GenericSchema>(c: Request, schema: S): Promise<v.InferOutput<S>> {
  const value = parseJson(await readText(c.req.raw));
  if (!Array.isArray(value)) throw new Problem("body-invalid", "the body must be a JSON array");
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const at = v.getDotPath(issue);
  throw new Problem("body-invalid", `${at ? `element ${at} of the body` : "the body"} ${wordsOf(issue)}`);
}

/**
 * A value of the schema, as `readBody` reads the whole.
 * @throws Problem `body-invalid` naming the member.
 */
export function checked<S extends v.GenericSchema>(value: unknown, schema: S, what: string): v.InferOutput<S> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Problem("body-invalid", `${what} must be a JSON object`);
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const member = v.getDotPath(issue) ?? "";
  // valibot reports an unknown member by a schema type that accepts nothing
  if (issue.expected === "never")
    throw new Problem("body-invalid", `${what} has an unknown member "${member}"; known here are ${membersOf(schema)}`);
  const missing = issue.received === "undefined";
  throw new Problem("body-invalid", missing ? `${what} lacks the member "${member}"` : `${member} ${wordsOf(issue)}`);
}

function membersOf(schema: v.GenericSchema): string {
  return "entries" in schema ? Object.keys(schema.entries as object).join(", ") : "";
}

/** Our own texts begin with `must`; valibot's say what was expected instead. */
function wordsOf({ message, expected }: v.BaseIssue<unknown>): string {
  return message.startsWith("must ") ? message : `must be ${expected ?? "something else"}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("body-invalid", "the body is not valid JSON");
  }
}

/** @throws Problem `body-too-large`, `body-invalid` for what is no UTF-8. */
export async function readText(request: globalThis.Request): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let bytes = 0;
  let text = "";
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > BODY_BYTES_MAX) throw new Problem("body-too-large", `the body is larger than ${BODY_BYTES_MAX} bytes`);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new Problem("body-invalid", "the body is not valid UTF-8");
    throw error;
  }
}
