/** The body and parameters of `POST …/_apl`. */
import { Problem } from "../../../problem.ts";
import { type Members, membersOf, readObject } from "./members.ts";
import { type OpenRange, readRange } from "./time-range.ts";

/** Characters of a query's text. */
export const APL_LENGTH_MAX = 100_000;
const VARIABLES_MAX = 100;
const CURSOR_LENGTH_MAX = 128;
const FORMATS = ["tabular", "legacy"] as const;

export type Format = (typeof FORMATS)[number];

/** The cursor of an earlier answer, after which to go on, or from which. */
export interface CursorAsked {
  readonly cursor: string;
  readonly inclusive: boolean;
}

export interface AplRequest {
  readonly apl: string;
  readonly format: Format;
  readonly range: OpenRange;
  /** Plain JSON by name; a `let` of the same name goes first. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly cursor: CursorAsked | null;
  /** Whether each row carries its own cursor, as `_cursor`. */
  readonly cursorField: boolean;
  /** Whether the client wants the query kept: it is answered with an id. */
  readonly save: boolean;
}

/**
 * What clients send beside is let through: `nocache` and `streaming-duration`, since nothing is cached or streamed; `queryOptions` and their
 * like, which steer Axiom's own console.
 * @throws Problem `body-invalid` or `parameter-invalid` naming what is wrong.
 */
export function readAplRequest(body: Uint8Array, parameters: URLSearchParams, now: number): AplRequest {
  const value = readObject(body, `{"apl": "['dataset'] | take 10", "startTime": "now-1h", "endTime": "now"}`);
  const members = membersOf(value);
  const apl = members.string("apl");
  if (apl === null || apl.trim() === "") throw new Problem("body-invalid", `apl must hold a query such as "['dataset'] | take 10"`);
  if (apl.length > APL_LENGTH_MAX) throw new Problem("body-invalid", `apl is longer than ${APL_LENGTH_MAX} characters`);
  const variables = members.object("variables") ?? {};
  if (Object.keys(variables).length > VARIABLES_MAX) throw new Problem("body-invalid", `variables has more than ${VARIABLES_MAX} members`);
  return {
    apl,
    format: readFormat(parameters),
    range: readRange(members.string("startTime"), members.string("endTime"), now),
    variables,
    cursor: readCursor(members, parameters),
    cursorField: members.boolean("includeCursorField"),
    save: isSaved(parameters, ["true", "apl"]),
  };
}

function readFormat(parameters: URLSearchParams): Format {
  // axiom-js names one always, and people with curl forget it
  const format = parameters.get("format") || "tabular";
  const known = FORMATS.find((one) => one === format);
  if (!known) throw new Problem("parameter-invalid", `format must be ${FORMATS.join(" or ")}`);
  return known;
}

/** axiom-js puts it into the address, all others into the body. */
export function readCursor(members: Members, parameters?: URLSearchParams): CursorAsked | null {
  const cursor = members.string("cursor") || parameters?.get("cursor");
  if (!cursor) return null;
  if (cursor.length > CURSOR_LENGTH_MAX) throw new Problem("body-invalid", "cursor must be minCursor or maxCursor of an earlier answer");
  return { cursor, inclusive: members.boolean("includeCursor") };
}

export function isSaved(parameters: URLSearchParams, kinds: readonly string[]): boolean {
  const kind = parameters.get("saveAsKind");
  if (!kind) return false;
  if (!kinds.includes(kind)) throw new Problem("parameter-invalid", `saveAsKind must be ${kinds.join(" or ")} here`);
  return true;
}
