/** Operators in any order: each query has an answer or a fault, and the answer is the same however events come. */
import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../../src/edge/query/apl/fault.ts";
import { type Asking, ask, tableOf } from "./bench.ts";

const QUERIES = 1_500;
const OPERATORS_MOST = 5;

const SOURCES = [
  "logs",
  "logs",
  "owners",
  "union logs, owners",
  "union withsource=origin logs, (owners | project service, team)",
  "let web = logs | where service == 'web'; web",
  "print service = 'web', ms = 5, status = dynamic([1, 2]), _time = now()",
  "search in (logs, owners) 'web' or 'a*'",
];

const OPERATORS = [
  "where ms > 10",
  "where isnotnull(status) and service in ('web', 'api')",
  "where message contains 'o' or nothing == 1",
  "extend ms = ms * 2, x = strcat(service, '-', status)",
  "extend service = 1",
  "extend nothing = isnull(nothing), geo.city = 'here'",
  "project service, ms, status",
  "project _time, service, y = ms + 1, x = tags",
  "project-away ms, s*",
  "project-keep service, ms, t*",
  "project-keep service, ms",
  "project-rename name = service",
  "project-rename ms = status, status = ms",
  "project-reorder team, s* desc",
  "summarize n = count() by service",
  "summarize n = count(), sum(ms), ratio = countif(ms > 10) / count() by bin(_time, 5m), service",
  "summarize arg_max(_time, *) by service",
  "summarize arg_min(ms, status, path), make_set(service), take_any(user)",
  "summarize count(*) by status",
  "summarize by service, team",
  "sort by ms asc nulls last, service asc, _time asc",
  "sort by n desc, service asc",
  "top 3 by _time asc, ms asc",
  "take 100",
  "count",
  "distinct service",
  "distinct *",
  "mv-expand tags",
  "mv-expand with_itemindex=i t = tags to typeof(string), status limit 3",
  "parse message with * 'id=' id:long ',' rest",
  "parse-where path with '/' letter",
  "search 'web' and not('disk')",
  "getschema",
  "make-series n = count(), max(ms) on _time from datetime(2026-01-02T10:00:00Z) to datetime(2026-01-02T10:15:00Z) step 5m by service",
  "join kind=inner (owners) on service",
  "join kind=leftouter (owners | project service, team, ms = 1) on service",
  "join (logs | summarize most = max(ms) by service, status) on service, status",
  "union owners",
  "union (logs | project service, _time = 'x'), (owners | take 100)",
];

/** Numbers below `most`, the same for the same seed: Park and Miller's generator. */
function draws(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 48_271) % 0x7fffffff;
    return state % most;
  };
}

async function answered(query: string, portion: number): Promise<Asking | null> {
  try {
    return await ask(query, { portion, virtual: { twice: "ms * 2", team: "strcat('team ', service)" } });
  } catch (fault) {
    if (fault instanceof QueryFault && fault.at >= 0 && fault.at <= query.length) return null;
    throw new Error(`${query} must have an answer or a fault in its place`, { cause: fault });
  }
}

describe("operators in any order", () => {
  it(`answer, or say what is wrong: ${QUERIES} queries, one event at a time and all at once`, async () => {
    const draw = draws(20_260_102);
    let answers = 0;
    for (let i = 0; i < QUERIES; i++) {
      const operators = Array.from({ length: draw(OPERATORS_MOST + 1) }, () => `| ${OPERATORS[draw(OPERATORS.length)]}`);
      const query = [SOURCES[draw(SOURCES.length)], ...operators].join(" ");
      const one = await answered(query, 1);
      const all = await answered(query, 1_000);
      expect([query, one === null]).toEqual([query, all === null]);
      if (one === null || all === null) continue;
      answers++;
      const table = tableOf(one);
      expect([query, table]).toEqual([query, tableOf(all)]);
      expect([query, new Set(table.columns).size]).toEqual([query, table.columns.length]);
      expect([query, one.isPartial, one.rows.every((row) => row.length <= table.columns.length)]).toEqual([query, false, true]);
      expect([query, [...one.meanings.keys()].filter((name) => !table.columns.includes(name))]).toEqual([query, []]);
    }
    expect(answers).toBeGreaterThan(QUERIES / 3);
  });
});
