/** Queries over events in memory, through the whole engine. */
import { type Answer, type Executed, execute } from "../../../../../src/edge/query/apl/execute.ts";
import { LIMITS, type Limits } from "../../../../../src/edge/query/apl/limits.ts";
import type { Meter } from "../../../../../src/edge/query/apl/meter.ts";
import { parseExpression, parseQuery } from "../../../../../src/edge/query/apl/parse.ts";
import { type Beside, planQuery } from "../../../../../src/edge/query/apl/plan.ts";
import type { Scan, Wanted } from "../../../../../src/edge/query/apl/source.ts";
import type { Row, Value } from "../../../../../src/edge/query/apl/value.ts";

export type Event = { readonly [field: string]: Value };

export const NOW = Date.UTC(2026, 0, 2, 12) * 1000;

/** Microseconds of 2026-01-02 at this time of day. */
export function at(clock: string): number {
  return Date.parse(`2026-01-02T${clock}Z`) * 1000;
}

export const DATASETS: Record<string, readonly Event[]> = {
  logs: [
    { _time: at("10:00:00"), _sysTime: at("10:00:01"), service: "web", status: 200, ms: 12, path: "/", "geo.city": "Berlin" },
    { _time: at("10:01:00"), _sysTime: at("10:01:01"), service: "web", status: 500, ms: 250.5, path: "/a", message: "disk full on node-7" },
    { _time: at("10:04:59"), _sysTime: at("10:05:00"), service: "api", status: 200, ms: 30, path: "/b", tags: ["x", "y"] },
    { _time: at("10:05:00"), _sysTime: at("10:05:01"), service: "api", status: 404, ms: 5, path: "/c", tags: ["y", "z", "x"] },
    {
      _time: at("10:07:00"),
      _sysTime: at("10:07:01"),
      service: "db",
      ms: 900,
      message: "slow query id=42, took 900ms",
      meta: { rows: 7, ok: true },
    },
    { _time: at("10:11:00"), _sysTime: at("10:11:01"), service: "web", status: 200, ms: 8, path: "/", user: "ada" },
  ],
  owners: [
    { _time: at("09:00:00"), service: "web", team: "front", status: "x" },
    { _time: at("09:00:01"), service: "api", team: "core" },
    { _time: at("09:00:02"), service: "api", team: "edge" },
    { _time: at("09:00:03"), service: "cache", team: "core" },
  ],
  empty: [],
};

export interface Asked {
  readonly limits?: Partial<Limits>;
  readonly range?: { readonly from: number; readonly to: number };
  readonly isRangeGiven?: boolean;
  readonly virtual?: Readonly<Record<string, string>>;
  readonly datasets?: Readonly<Record<string, Iterable<Event>>>;
  /** Events that come at a time. */
  readonly portion?: number;
  readonly beside?: Beside;
}

export interface Asking extends Executed {
  readonly wanted: readonly (Wanted & { readonly dataset: string })[];
  /** Events that were given before the engine had enough. */
  readonly given: number;
  readonly meter: Meter;
}

const DAY = { from: at("00:00:00"), to: at("00:00:00") + 86_400e6 };

export async function ask(text: string, asked: Asked = {}): Promise<Asking> {
  const { limits = {}, range = DAY, isRangeGiven = true, virtual = {}, datasets = DATASETS, portion: most = 2, beside } = asked;
  const fields = new Map(Object.entries(virtual).map(([name, expression]) => [name, parseExpression(expression)]));
  const plan = planQuery(parseQuery(text), { now: NOW, range, isRangeGiven, virtualFields: () => fields }, beside);
  const wanted: (Wanted & { dataset: string })[] = [];
  let given = 0;
  const scan: Scan = async function* (dataset, want, columns) {
    wanted.push({ dataset, ...want });
    let portion: Row[] = [];
    for (const event of datasets[dataset] ?? []) {
      const time = event["_time"] as number;
      if (time < want.from || time >= want.to) continue;
      given++;
      const row: Row = [];
      for (const [name, value] of Object.entries(event)) {
        const slot = want.names === null ? columns.slot(name) : want.names.includes(name) ? columns.find(name) : undefined;
        if (slot === undefined) continue;
        while (row.length < slot) row.push(undefined);
        row[slot] = value;
      }
      if (portion.push(row) < most) continue;
      yield portion;
      portion = [];
    }
    if (portion.length > 0) yield portion;
  };
  return { ...(await execute(plan, scan, { ...LIMITS, ...limits })), wanted, given, meter: plan.meter };
}

/** Names of columns, then the rows with a null for whatever is absent. */
export function tableOf({ columns, rows }: Answer): { columns: string[]; rows: Value[][] } {
  return {
    columns: columns.list.map(({ name }) => name),
    rows: rows.map((row) => columns.list.map((_, slot) => row[slot] ?? null)),
  };
}
