/** What does not fit is left out, and said. */
import { describe, expect, it } from "vitest";
import { openBudget } from "../../../../../src/edge/query/apl/aggregates/budget.ts";
import { openBest } from "../../../../../src/edge/query/apl/operators/best.ts";
import { comparison } from "../../../../../src/edge/query/apl/operators/order.ts";
import { type Asked, ask, at, type Event, tableOf } from "./bench.ts";

/** Events with the numbers from 0 on, in an order that is none, each a millisecond after the one before. */
function* numbers(count: number, text = ""): Iterable<Event> {
  for (let i = 0; i < count; i++) {
    const n = (i * 7919) % count;
    yield { _time: at("00:00:00") + n * 1000, n, text: text + n, half: n % 2 };
  }
}

const many: Asked = { datasets: { many: [...numbers(5_000)], few: [...numbers(10)] } };

/** A query, a limit, which of the operators says so, and the numbers that are still given. */
const CASES: readonly (readonly [query: string, limits: Asked["limits"], code: string, rows: number[][] | number])[] = [
  ["many | sort by n asc | project n", { sortRows: 3 }, "apl_sort_limit", [[0], [1], [2]]],
  ["many | top 10 by n | project n", { sortRows: 2 }, "apl_top_limit", [[4999], [4998]]],
  ["many | sample 10 | project n", { sortRows: 4 }, "apl_sample_limit", 4],
  ["many | distinct n", { distinctRows: 7 }, "apl_distinct_limit", 7],
  ["many | project n | distinct *", { distinctRows: 7 }, "apl_distinct_limit", 7],
  ["many | summarize count() by n", { groups: 5 }, "apl_summarize_limit", 5],
  ["many | make-series count() on _time step 1h by n", { groups: 5 }, "apl_make_series_limit", 5],
  ["few | join kind=inner (many) on n | project n", { joinRows: 100 }, "apl_join_limit", 4],
  ["many | project n | take 400", { outputRows: 300 }, "apl_output_limit", 300],
  ["many | summarize count() by n", { outputRows: 300 }, "apl_output_limit", 300],
  ["many | take 5000", { outputBytes: 50_000 }, "apl_output_bytes_limit", 50_000 / 300],
  ["many | sort by n asc | project n", { heldBytes: 20_000 }, "apl_sort_limit", 20_000 / 400],
  ["many | summarize count() by n", { heldBytes: 20_000 }, "apl_summarize_limit", 20_000 / 400],
  ["many | distinct text", { heldBytes: 20_000 }, "apl_distinct_limit", 20_000 / 400],
  ["few | extend one = 1 | join kind=inner (many | extend one = 1) on one | project n", { heldBytes: 50_000 }, "apl_join_limit", 10],
  ["few | extend k = 1 | join kind=inner (few | extend k = 1) on k | project n", { madeRows: 25 }, "apl_join_limit", 25 * 4],
  ["few | extend x = range(1, 10) | mv-expand x | project n", { madeRows: 25 }, "apl_mv_expand_limit", 25 * 4],
  ["print x = range(1, 20000) | mv-expand x", {}, "apl_mv_expand_limit", 10_000],
];

describe("an answer is partial and says why", () => {
  it.each(CASES)("%s within %j: %s", async (query, limits, code, rows) => {
    const answer = await ask(query, { ...many, limits });
    expect(answer.isPartial).toBe(true);
    expect(answer.cuts.map((cut) => cut.code)).toContain(code);
    if (Array.isArray(rows)) expect(tableOf(answer).rows).toEqual(rows);
    else expect(answer.rows.length).toBeGreaterThanOrEqual(Math.floor(rows / 4));
  });

  it("names the limit in the text", async () => {
    const { cuts } = await ask("many | distinct n", { ...many, limits: { distinctRows: 7 } });
    expect(cuts.map(({ text }) => text)).toEqual([expect.stringMatching(/^distinct .* 7 rows/)]);
  });

  it("blames the operator that had no room, and no other", async () => {
    const { cuts } = await ask("many | sort by n | summarize count() by half", { ...many, limits: { heldBytes: 30_000 } });
    expect(cuts.map(({ code }) => code)).toEqual(["apl_sort_limit"]);
  });

  it("is whole where the limits are just met", async () => {
    const limits = { sortRows: 10, distinctRows: 10, groups: 10, joinRows: 10, outputRows: 10 };
    for (const query of [
      "few | sort by n",
      "few | distinct n",
      "few | summarize count() by n",
      "few | take 10",
      "few | join kind=inner (few) on n",
    ]) {
      const { isPartial, rows } = await ask(query, { ...many, limits });
      expect([query, isPartial, rows.length]).toEqual([query, false, 10]);
    }
  });
});

describe("work", () => {
  it("ends, however many rows operators would make of one", async () => {
    const expands = ["x", "y", "z"].map((name) => `| mv-expand ${name}`).join(" ");
    const answer = await ask(`print x = range(1, 9000) | extend y = x, z = x ${expands} | count`, { limits: { madeRows: 200_000 } });
    expect(answer.rows[0]?.[0]).toBeLessThan(200_000);
    expect(answer.cuts.map(({ code }) => code)).toEqual(["apl_mv_expand_limit"]);
  });
});

describe("rows that are events", () => {
  it("are 1,000 where the query says no number: the newest, newest first", async () => {
    const answer = await ask("many | project _time, n", many);
    expect(answer.rows.length).toBe(1_000);
    expect(answer.rows.map((row) => row[1])).toEqual(Array.from({ length: 1_000 }, (_, i) => 4_999 - i));
    expect(answer.cuts.map(({ code }) => code)).toEqual(["apl_default_limit"]);
    expect(answer.order).toEqual([{ field: "_time", desc: true }]);
    expect(answer.rowsMatched).toBe(5_000);
  });

  it("are as many as the query says, in the order that it says", async () => {
    const answer = await ask("many | sort by n asc | take 2500 | project n", many);
    expect(answer.rows.map(([n]) => n)).toEqual(Array.from({ length: 2_500 }, (_, i) => i));
    expect(answer.isPartial).toBe(false);
    expect(answer.order).toEqual([{ field: "n", desc: false }]);
  });
});

describe("what is held", () => {
  it("leaves room for the operators behind it", async () => {
    const query = "many | summarize n = count() by text | sort by text asc | take 3";
    const answer = await ask(query, { ...many, limits: { heldBytes: 100_000 } });
    expect(answer.cuts.map(({ code }) => code)).toEqual(["apl_summarize_limit"]);
    expect(answer.rows.length).toBe(3);
  });

  it("stays within the budget while more and more rows come, and none of it is left afterwards", () => {
    const budget = openBudget(100_000);
    const best = openBest([{ type: "dynamic", run: (row) => row[0] }], comparison([{ descending: false, nulls: "last" }]), 1_000, budget);
    const expected: number[] = [];
    for (const { n, text } of numbers(5_000, "x".repeat(50))) {
      best.add([n, text]);
      expected.push(n as number);
      expect(budget.heldBytes).toBeLessThanOrEqual(100_000);
    }
    const taken = [...best.take()].map(([n]) => n);
    expect(taken.length).toBeGreaterThan(100);
    expect(taken).toEqual(expected.sort((a, b) => a - b).slice(0, taken.length));
    expect(best.isCut).toBe(true);
    expect(budget.heldBytes).toBe(0);
  });

  it("is no more than the limit of an answer, however large events are", async () => {
    const datasets = { large: numbers(2_000, "y".repeat(20_000)) };
    const answer = await ask("large | take 2000", { datasets });
    expect(answer.cuts.map(({ code }) => code)).toEqual(["apl_output_bytes_limit"]);
    expect(JSON.stringify(answer.rows).length).toBeLessThan(16 * 1024 * 1024);
  });
});

describe("the scan", () => {
  it("ends when a take has its rows", async () => {
    expect((await ask("many | take 3", many)).given).toBeLessThanOrEqual(4);
    expect((await ask("many | where half == 1 | extend x = n | take 1", many)).given).toBeLessThanOrEqual(10);
    expect((await ask("many | take 0", many)).given).toBe(0);
  });

  it("ends when the last of several operators has enough", async () => {
    expect((await ask("many | mv-expand n | distinct n | take 2", many)).given).toBeLessThanOrEqual(6);
  });

  it("of further parts of a union does not begin then", async () => {
    const { wanted } = await ask("union many, few | take 3", many);
    expect(wanted.map(({ dataset }) => dataset)).toEqual(["many"]);
  });

  it("of the left side of a join does not begin where the right one is empty", async () => {
    const { wanted, rows } = await ask("many | join kind=inner (few | where n > 100) on n", many);
    expect(wanted.map(({ dataset }) => dataset)).toEqual(["few"]);
    expect(rows).toEqual([]);
  });

  it("goes on to the end for a sort", async () => {
    expect((await ask("many | sort by n | take 1", many)).given).toBe(5_000);
  });
});

describe("a sample", () => {
  it("is the same for the same query, and another one for another", async () => {
    const of = async (query: string) => (await ask(query, many)).rows.map(([n]) => n);
    const [one, again, other] = await Promise.all([
      of("many | sample 50 | project n"),
      of("many | sample 50 | project n"),
      of("many | sample 50 | project n , half"),
    ]);
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
  });

  it("gives each row about the same chance", async () => {
    const { rows } = await ask("many | sample 500 | summarize avg(n)", many);
    expect(rows[0]?.[0]).toBeGreaterThan(2_200);
    expect(rows[0]?.[0]).toBeLessThan(2_800);
  });

  it("of a part is about so large", async () => {
    const { rows } = await ask("many | sample 0.1 | count", many);
    expect(rows[0]?.[0]).toBeGreaterThan(400);
    expect(rows[0]?.[0]).toBeLessThan(600);
  });
});
