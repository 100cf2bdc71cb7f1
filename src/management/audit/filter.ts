/** Which entries of the audit log are asked for. */
import { Problem } from "../../problem.ts";
import type { Condition } from "../change.ts";
import type { Request } from "../request.ts";

const TEXT_LENGTH_MAX = 200;

/** Query parameter -> the column it must equal. */
const EQUAL: Record<string, string> = { actor: "actor_id", credential: "credential_id", target: "target", trace: "trace_id", ip: "ip" };

const KNOWN: readonly string[] = [...Object.keys(EQUAL), "action", "since", "until", "limit", "cursor", "format"];

/** @throws Problem `parameter-invalid` naming the parameter; also for one that is not known, which would otherwise let everything through. */
export function readFilter(c: Request): Condition {
  const stray = Object.keys(c.req.query()).find((name) => !KNOWN.includes(name));
  if (stray !== undefined) throw new Problem("parameter-invalid", `there is no parameter ${stray}; there is ${KNOWN.join(", ")}`);
  const sql = ["1"];
  const values: Condition["values"] = [];
  for (const [name, column] of Object.entries(EQUAL)) {
    const text = c.req.query(name);
    if (text === undefined) continue;
    sql.push(`${column} = ?`);
    values.push(short(name, text));
  }
  const action = c.req.query("action");
  if (action !== undefined) {
    // `token` means all of `token.create`, `token.delete`, …
    sql.push("(action = ? OR substr(action, 1, length(?)) = ?)");
    const text = short("action", action);
    values.push(text, `${text}.`, `${text}.`);
  }
  for (const [name, comparison] of [
    ["since", ">="],
    ["until", "<"],
  ] as const) {
    const text = c.req.query(name);
    if (text === undefined) continue;
    sql.push(`at ${comparison} ?`);
    values.push(time(name, text));
  }
  return { sql: sql.join(" AND "), values };
}

export function wholeNumber(name: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined || text === "") return otherwise;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most)
    throw new Problem("parameter-invalid", `${name} must be a whole number from 1 to ${most}`);
  return number;
}

function short(name: string, text: string): string {
  if (text.length > TEXT_LENGTH_MAX) throw new Problem("parameter-invalid", `${name} must be at most ${TEXT_LENGTH_MAX} characters`);
  return text;
}

function time(name: string, text: string): number {
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new Problem("parameter-invalid", `${name} must be a day or a time such as 2026-01-31T12:00:00Z`);
  return at;
}
