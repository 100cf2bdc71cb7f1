/** The event rules of one request, read once from its parameters: whose time counts, what is added, which names are taken. */
import { compileLayout, type TimeReader } from "./go-layout.ts";
import { instantOfMs } from "./time.ts";

/** Names that Headgate and Axiom keep for themselves; a sender's member of that name is stored as `_user_<name>`. */
const RESERVED_NAMES = ["_sysTime", "_blockInfo", "_cursor", "_rowID", "_source"];

export const TIME = "_time";

/** Characters of the `timestamp-field` parameter. */
const TIME_FIELD_LENGTH_MAX = 200;
/** Bytes of the labels header, and labels in it. */
const LABELS_BYTES_MAX = 8_192;
const LABELS_MAX = 100;
const LABEL_NAME_LENGTH_MAX = 200;

export interface EventRules {
  /** Receive time in epoch milliseconds and as stored. */
  now: number;
  nowText: string;
  /** The member that holds an event's time; it is stored as `_time` too. */
  timeField: string;
  /** Reads the time by the sender's layout; null: the spelling is detected. */
  timeReader: TimeReader | null;
  /** Labels as they are spliced into each event: `"region":"eu","n":1`, or empty. */
  labels: string;
  /** Top-level names that make an event be rewritten: the reserved ones, those of labels, a `_time` that is not the time. */
  reshapeNames: string[];
  /** Members that give way to a label or to another time field. */
  droppedNames: string[];
  /** Told of each event's time as it is read; null when nobody wants to know. */
  observe: ((seen: SeenTime) => void) | null;
}

/** How the time of one event was read. */
export interface SeenTime {
  index: number;
  /** JSON as sent; null: there was none, and the receive time stands for it. */
  sent: string | null;
  /** Epoch milliseconds. */
  ms: number;
  /** As it is stored, where that is not how it was sent. */
  stored: string | null;
}

export interface RuleParameters {
  timeField: string | null;
  timeLayout: string | null;
  /** The value of `X-Axiom-Event-Labels`: a JSON object. */
  labels: string | null;
  observe?: EventRules["observe"];
}

/** @returns the rules, or in words what is wrong with a parameter. */
export function eventRules(parameters: RuleParameters, now: number): EventRules | string {
  const timeField = parameters.timeField || TIME;
  if (timeField.length > TIME_FIELD_LENGTH_MAX) return `timestamp-field is longer than ${TIME_FIELD_LENGTH_MAX} characters`;
  if (RESERVED_NAMES.includes(timeField)) return `timestamp-field cannot be ${timeField}, which is set on receipt`;

  const timeReader = parameters.timeLayout ? compileLayout(parameters.timeLayout) : null;
  if (parameters.timeLayout && !timeReader)
    return "timestamp-format must be a Go layout such as 2006-01-02T15:04:05Z07:00: it spells the moment Mon Jan 2 15:04:05 MST 2006";

  const labels = readLabels(parameters.labels, timeField);
  if (typeof labels === "string") return labels;

  const labelNames = labels.map(([name]) => name);
  const droppedNames = timeField === TIME ? labelNames : [...labelNames, TIME];
  return {
    now,
    nowText: instantOfMs(now).text,
    timeField,
    timeReader,
    labels: labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(","),
    reshapeNames: [...RESERVED_NAMES, ...droppedNames],
    droppedNames,
    observe: parameters.observe ?? null,
  };
}

export function isReserved(name: string): boolean {
  return RESERVED_NAMES.includes(name);
}

function readLabels(header: string | null, timeField: string): [string, unknown][] | string {
  const wrong = 'X-Axiom-Event-Labels must be a JSON object of strings, numbers and booleans, such as {"region":"eu"}';
  if (!header) return [];
  if (header.length > LABELS_BYTES_MAX) return `X-Axiom-Event-Labels is longer than ${LABELS_BYTES_MAX} bytes`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(header);
  } catch {
    return wrong;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return wrong;
  const labels = Object.entries(parsed);
  if (labels.length > LABELS_MAX) return `X-Axiom-Event-Labels holds more than ${LABELS_MAX} labels`;
  for (const [name, value] of labels) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return wrong;
    if (typeof value === "number" && !Number.isFinite(value)) return wrong;
    if (name.length > LABEL_NAME_LENGTH_MAX)
      return `X-Axiom-Event-Labels: a label's name is longer than ${LABEL_NAME_LENGTH_MAX} characters`;
    if (name === TIME || name === timeField || isReserved(name))
      return `X-Axiom-Event-Labels cannot set ${name}, which is set on receipt or by the event`;
  }
  // half surrogate pairs would stand in every event, and strict readers refuse a file for one
  return labels.map(([name, value]) => [name.toWellFormed(), typeof value === "string" ? value.toWellFormed() : value]);
}
