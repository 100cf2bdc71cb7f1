/** What a query makes and does is bounded, whatever its text. */
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../../src/edge/query/apl/fault.ts";
import { CONSTANT_BYTES_MAX, PORTION_MADE_BYTES_MAX, ROW_MADE_BYTES_MAX } from "../../../../../src/edge/query/apl/meter.ts";
import { type Asked, ask, at, type Event } from "./bench.ts";

const MIB = 1_048_576;
const LIVE_BYTES_MAX = PORTION_MADE_BYTES_MAX + ROW_MADE_BYTES_MAX;

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Events as they are read. With each portion, what is still in use of the ones before is measured. */
function* events(count: number, seen: (heap: number) => void = () => {}): Iterable<Event> {
  for (let n = 0; n < count; n++) {
    if (n % 100 === 0) seen(heapBytes());
    yield { _time: at("00:00:00") + n, n, u: `user${n}` };
  }
}

const few: Asked = { datasets: { dc: [...events(500)] }, portion: 500 };
const WORK = 3_000_000;

const times = (count: number, of: (i: number) => string, between = ", ") => Array.from({ length: count }, (_, i) => of(i)).join(between);

describe("memory", () => {
  it("holds the values of a few rows at a time, whatever is made of each", async () => {
    const before = heapBytes();
    let most = 0;
    const seen = (heap: number) => {
      most = Math.max(most, heap - before);
    };
    const long = times(4, (i) => `x${i} = range(h, 65530, 1)`);
    const query = `dc | extend h = strlen(u) | extend ${long} | summarize sum(array_length(x0) + array_length(x3)), max(n)`;
    const { isPartial, rows, meter } = await ask(query, { datasets: { dc: events(300, seen) }, portion: 150 });
    expect([isPartial, rows[0]?.[1]]).toEqual([false, 299]);
    expect(meter.peakBytes).toBeLessThan(LIVE_BYTES_MAX);
    expect(meter.peakBytes).toBeGreaterThan(PORTION_MADE_BYTES_MAX);
    expect(most).toBeLessThan(LIVE_BYTES_MAX + 8 * MIB);
  });

  it.each([
    ["doubled", `dc | extend s0 = u ${times(14, (i) => `| extend s${i + 1} = strcat(s${i}, s${i})`, " ")} | summarize max(strlen(s14))`],
    ["repeated", "dc | extend x = strrep(strrep(u, 1000), 100) | where x contains 'q' | count"],
    ["sorted", "dc | sort by n | extend x = range(n, 60000, 1) | summarize sum(array_length(x))"],
    ["grouped", "dc | summarize x = range(count(), 60000, 1) by n | extend y = array_length(x) | summarize sum(y)"],
    ["expanded", "dc | extend x = range(n, 20000, 1) | mv-expand x limit 20 | extend y = strrep(u, 1000) | summarize max(strlen(y))"],
    ["split", "dc | project x = split(strrep('a,b,', 1000), ','), y = n | mv-expand x limit 10 | summarize count() by y"],
    ["keys", "dc | summarize count() by strlen(strrep(u, 1000)) "],
    ["a series", "dc | make-series max(array_length(range(n, 60000, 1))) on _time step 1h"],
  ])("stays within what a portion may make: %s", async (_, query) => {
    const { meter } = await ask(query, few);
    expect(meter.peakBytes).toBeLessThan(LIVE_BYTES_MAX);
  });

  it("refuses a query that makes too much of one row, and says where", async () => {
    const query = `dc | extend ${times(40, (i) => `x${i} = range(n, 65530, 1)`)}`;
    await expect(ask(query, few)).rejects.toThrow(/at most 16777216 bytes of texts and arrays of one row/);
    const fault = await ask(query, few).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(QueryFault);
    expect(query.slice((fault as QueryFault).at)).toMatch(/^range\(/);
    await expect(ask(`print ${times(300, (i) => `a${i} = repeat(rand(), 65536)`)}`)).rejects.toThrow(QueryFault);
  });

  it.each([
    ["many arrays", `${times(2000, (i) => `let c${i} = range(1, 65536, 1);`, " ")} print 1`],
    [
      "arrays of arrays",
      `let b = range(1, 65536, 1); ${times(40, (i) => `let d${i} = array_concat(${times(10, () => "b")});`, " ")} print 1`,
    ],
    ["texts", `let t0 = 'abcdefgh'; ${times(60, (i) => `let t${i + 1} = strcat(t${Math.min(i, 15)}, t${Math.min(i, 15)});`, " ")} print 1`],
  ])("refuses constants that take too much of it: %s", async (_, query) => {
    const before = heapBytes();
    await expect(ask(query)).rejects.toThrow(/bytes of constants/);
    expect(heapBytes() - before).toBeLessThan(CONSTANT_BYTES_MAX);
  });
});

describe("work", () => {
  it.each([
    [
      "expanded rows",
      `print a = range(1, 1000), b = range(1, 1000) | mv-expand a | mv-expand b | extend ${times(30, (i) => `x${i} = strcat(a, b, ${i})`)} | summarize max(x1)`,
    ],
    [
      "joined rows",
      `dc | extend k = 1 | join kind=inner (dc | extend k = 1) on k | extend ${times(30, (i) => `x${i} = n * ${i}`)} | count`,
    ],
    [
      "a list expanded",
      `dc | summarize l = make_list(n) | extend m = l | mv-expand l | mv-expand m | extend ${times(30, (i) => `x${i} = strcat(l, m, ${i})`)} | count`,
    ],
    ["long texts", `dc | extend s = strrep(u, 1000) | where ${times(50, (i) => `s contains 'q${i}'`, " or ")} | count`],
    ["texts of a long list", "dc | extend s = strrep(u, 1000), l = split(strrep('ab,cd,', 500), ',') | where s has_any (l) | count"],
    ["regular expressions", "dc | extend s = strrep(u, 1000) | extend x = replace_regex('([a-z]+)', '$1', s) | count"],
  ])("ends with what there is: %s", async (_, query) => {
    const { isPartial, cuts, rows, meter } = await ask(query, { ...few, limits: { workUnits: WORK } });
    expect([isPartial, rows.length]).toEqual([true, 1]);
    expect(cuts.map(({ code }) => code)).toContain("apl_work_limit");
    expect(meter.work).toBeGreaterThan(WORK);
  });

  it("that is left undone does not keep what has been done from its end", async () => {
    const query = "dc | extend x = strlen(strrep(u, 500)) | summarize n = count() by u | extend m = n + 1 | sort by u asc | where m > 1";
    const { rows, cuts } = await ask(query, { ...few, portion: 10, limits: { workUnits: 40_000 } });
    expect(cuts.map(({ code }) => code)).toEqual(["apl_work_limit"]);
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.length).toBeLessThan(500);
  });

  it("is refused where constants take too much of it", async () => {
    const query = `let x = range(1, 65536, 1); ${times(500, (i) => `let y${i} = array_sum(array_sort_desc(x));`, " ")} print 1`;
    await expect(ask(query)).rejects.toThrow(QueryFault);
  });

  it("of a usual query is far from its limit", async () => {
    const { meter, isPartial } = await ask("dc | where n > 5 | summarize count(), avg(n) by bin(_time, 1h), u", few);
    expect(isPartial).toBe(false);
    expect(meter.work / 500).toBeLessThan(100);
  });
});
