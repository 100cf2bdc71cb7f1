/** The body and parameters of `POST /v1/datasets/{dataset}/query`, the query language that APL has replaced. */
import { Problem } from "../../../problem.ts";
import { type CursorAsked, isSaved, readCursor } from "./apl.ts";
import { durationMicros } from "./duration.ts";
import { type Json, type Members, membersOf, readObject } from "./members.ts";
import { readRange, type TimeRange } from "./time-range.ts";

const AGGREGATIONS_MAX = 50;
const GROUPS_MAX = 32;
const ORDERS_MAX = 32;
const FIELDS_MAX = 1_000;
const FILTERS_MAX = 500;
const FILTER_DEPTH_MAX = 32;
const LIMIT_DEFAULT = 1_000;
const LIMIT_MAX = 50_000;

export interface LegacyFilter {
  readonly op: string;
  readonly field: string;
  readonly value: unknown;
  readonly caseSensitive: boolean;
  readonly children: readonly LegacyFilter[];
}

export interface LegacyAggregation {
  /** Empty: not given. */
  readonly alias: string;
  readonly op: string;
  readonly field: string;
  readonly argument: unknown;
}

export interface LegacyRequest {
  readonly range: TimeRange;
  /** Microseconds; null: to be found. */
  readonly resolution: number | null;
  readonly aggregations: readonly LegacyAggregation[];
  readonly groupBy: readonly string[];
  readonly filter: LegacyFilter | null;
  readonly order: readonly { readonly field: string; readonly desc: boolean }[];
  readonly limit: number;
  readonly virtualFields: readonly { readonly alias: string; readonly expr: string }[];
  readonly project: readonly { readonly field: string; readonly alias: string }[];
  readonly cursor: CursorAsked | null;
  readonly save: boolean;
}

/** @throws Problem `body-invalid` or `parameter-invalid` naming what is wrong. What an op means is judged later. */
export function readLegacyRequest(body: Uint8Array, parameters: URLSearchParams, now: number): LegacyRequest {
  const members = membersOf(readObject(body, '{"startTime": "now-1h", "endTime": "now", "resolution": "auto"}'));
  const limit = members.count("limit") || LIMIT_DEFAULT;
  if (limit > LIMIT_MAX) throw new Problem("body-invalid", `limit must be at most ${LIMIT_MAX}; page with cursor, or aggregate`);
  if (members.string("continuationToken"))
    throw new Problem(
      "body-invalid",
      "continuationToken is of no use here: answers are not continued; page with cursor, or narrow the time range",
    );
  return {
    range: requiredRange(members, now),
    resolution: readResolution(members.string("resolution")),
    aggregations: members.objects("aggregations", AGGREGATIONS_MAX).map(readAggregation),
    groupBy: members.strings("groupBy", GROUPS_MAX),
    filter: readFilter(members.object("filter"), "filter.", { left: FILTERS_MAX }, 0),
    order: members.objects("order", ORDERS_MAX).map((one, at) => {
      const of = membersOf(one, `order[${at}].`);
      return { field: of.required("field"), desc: of.boolean("desc") };
    }),
    limit,
    virtualFields: members.objects("virtualFields", FIELDS_MAX).map((one, at) => {
      const of = membersOf(one, `virtualFields[${at}].`);
      return { alias: of.required("alias"), expr: of.required("expr") };
    }),
    project: members.objects("project", FIELDS_MAX).map((one, at) => {
      const of = membersOf(one, `project[${at}].`);
      return { field: of.required("field"), alias: of.string("alias") ?? "" };
    }),
    cursor: readCursor(members),
    save: isSaved(parameters, ["analytics", "stream"]),
  };
}

function requiredRange(members: Members, now: number): TimeRange {
  const { from, to } = readRange(members.string("startTime"), members.string("endTime"), now);
  if (from === null || to === null)
    throw new Problem("body-invalid", 'startTime and endTime are required, such as "startTime": "now-1h", "endTime": "now"');
  return { from, to };
}

function readResolution(text: string | null): number | null {
  if (text === null || text === "" || text === "auto") return null;
  const micros = durationMicros(text);
  if (micros === null) throw new Problem("body-invalid", 'resolution must be "auto" or a duration such as "1m" or "1h30m0s"');
  // axiom-go sends 0s for none; what is shorter than times can be told apart is a mistake
  if (micros === 0 && /[1-9]/.test(text)) throw new Problem("body-invalid", 'resolution must be at least a microsecond, such as "1m"');
  return micros === 0 ? null : micros;
}

function readAggregation(value: Json, at: number): LegacyAggregation {
  const members = membersOf(value, `aggregations[${at}].`);
  return {
    alias: members.string("alias") ?? "",
    op: members.required("op").toLowerCase(),
    field: members.string("field") ?? "",
    argument: value["argument"] ?? null,
  };
}

/** Null: none. axiom-go always sends one, empty if there is none. */
function readFilter(value: Json | null, where: string, budget: { left: number }, depth: number): LegacyFilter | null {
  if (value === null) return null;
  if (--budget.left < 0) throw new Problem("body-invalid", `filter has more than ${FILTERS_MAX} parts`);
  if (depth > FILTER_DEPTH_MAX) throw new Problem("body-invalid", `filter is nested deeper than ${FILTER_DEPTH_MAX}`);
  const members = membersOf(value, where);
  const op = (members.string("op") ?? "").toLowerCase();
  const children = members
    .objects("children", FILTERS_MAX)
    .map((child, at) => readFilter(child, `${where}children[${at}].`, budget, depth + 1))
    .filter((child) => child !== null);
  if (op === "") return null;
  return {
    op,
    field: members.string("field") ?? "",
    value: value["value"] ?? null,
    caseSensitive: members.boolean("caseSensitive"),
    children,
  };
}
