/** A second answer that is made of the same events. */
import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../../../src/edge/query/apl/parse.ts";
import { ask, tableOf } from "./bench.ts";

/** `apl` up to the bar number `at`, and from there on each of the two ways. */
const both = async (before: string, main: string, other: string, asked = {}) => {
  const at = before.split("|").length - 1;
  const beside = { at, operators: parseQuery(`${before} | ${other}`).body.operators.slice(at) };
  return { ran: await ask(`${before} | ${main}`, { ...asked, beside }), alone: await ask(`${before} | ${other}`, asked) };
};

describe("a second answer", () => {
  it.each<[string, string, string]>([
    ["logs", "summarize count(), avg(ms) by bin(_time, 5m), service", "summarize count(), avg(ms) by service"],
    ["logs | where status == 200", "summarize dcount(path) by bin(_time, 1m)", "summarize dcount(path), percentile(ms, 50)"],
    ["logs | extend slow = ms > 100", "summarize count() by slow | take 1", "summarize max(ms) by slow | sort by max_ms desc | take 1"],
    ["logs | join (owners) on service", "summarize count() by team", "summarize count() by service"],
    ["union logs, owners", "summarize count() by service | sort by service asc", "summarize count()"],
    ["logs", "summarize count()", "summarize take_any(*) by service"],
    ["logs | take 3", "summarize count() by bin(_time, 1h)", "summarize sum(ms)"],
  ])("of %s is that of the query by itself, and no event is read again", async (before, main, other) => {
    const { ran, alone } = await both(before, main, other);
    expect(ran.beside && tableOf(ran.beside)).toEqual(tableOf(alone));
    expect(tableOf(ran)).toEqual(tableOf(await ask(`${before} | ${main}`)));
    expect([ran.given, ran.rowsMatched]).toEqual([alone.given, alone.rowsMatched]);
    expect(ran.wanted).toHaveLength(alone.wanted.length);
  });

  it("is of events that only the main one leaves out", async () => {
    const { ran, alone } = await both("logs", "where service == 'web' and _time > datetime(2026-01-02T10:10:00Z) | count", "count");
    expect(tableOf(ran).rows).toEqual([[1]]);
    expect(ran.beside && tableOf(ran.beside)).toEqual(tableOf(alone));
  });

  it("goes on when the main one has enough", async () => {
    const { ran } = await both("logs", "take 1", "summarize n = count()", { portion: 1 });
    expect(ran.rows).toHaveLength(1);
    expect(ran.beside && tableOf(ran.beside).rows).toEqual([[6]]);
  });

  it("has a part of the memory, and what it leaves out is said", async () => {
    const { ran } = await both("logs", "summarize count() by service", "summarize count() by path", { limits: { groups: 3 } });
    expect(ran.rows).toHaveLength(3);
    expect(ran.beside?.rows).toHaveLength(3);
    expect(ran.cuts.map(({ code }) => code)).toEqual(["apl_summarize_limit"]);
  });
});
