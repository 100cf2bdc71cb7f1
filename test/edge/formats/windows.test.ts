import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Batch } from "../../../src/edge/event/batch.ts";
import { FAILURES_LISTED_MAX } from "../../../src/edge/event/rejects.ts";
import { eventRules } from "../../../src/edge/event/rules.ts";
import { decodeWith } from "../../../src/edge/formats/format.ts";
import { formatOf } from "../../../src/edge/formats/index.ts";
import { decodeChunks, LARGE_LIMITS, type WindowLimits } from "../../../src/edge/formats/windows.ts";
import { Problem } from "../../../src/problem.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const NDJSON = "application/x-ndjson";
const JSON_TYPE = "application/json";
const CSV = "text/csv";

/** Small enough that a few hundred bytes make many windows and batches. */
const SMALL: WindowLimits = {
  windowBytes: 64,
  eventBytes: 4_096,
  batchBytes: 150,
  rows: 1_000_000,
  lineBytes: 100_000_000,
  csvBytes: 100_000_000,
};

const encode = (text: string) => new TextEncoder().encode(text);
const decoder = new TextDecoder();

interface Given {
  type?: string | null;
  labels?: string;
  limits?: Partial<WindowLimits>;
}

function ruled({ labels }: Given) {
  const rules = eventRules({ timeField: null, timeLayout: null, labels: labels ?? null }, NOW);
  if (typeof rules === "string") throw new Error(rules);
  return rules;
}

const chosen = (type: string | null) => (first: Uint8Array) => ({
  format: formatOf(type, first),
  options: { csvDelimiter: 0x2c, csvFields: null },
});

/** What came of a body, in a form in which both ways can be compared. */
interface Outcome {
  problem: string;
  ndjson: string;
  rows: number;
  failed: number;
  rejected: Batch["rejected"];
  span: [number, number];
  own: boolean;
}

const NOTHING: Outcome = { problem: "none", ndjson: "", rows: 0, failed: 0, rejected: [], span: [NOW, NOW], own: false };

/** What a refused body leaves behind does not count: whoever takes the batches drops them. */
const refused = (error: unknown): Outcome => {
  if (!(error instanceof Problem)) throw error;
  return { ...NOTHING, problem: `${error.reason}: ${error.message}` };
};

function joined(batches: Batch[]): Outcome {
  const stored = batches.filter(({ rows }) => rows > 0);
  return {
    problem: "none",
    ndjson: batches.map(({ ndjson }) => decoder.decode(ndjson)).join(""),
    rows: batches.reduce((sum, { rows }) => sum + rows, 0),
    failed: batches.reduce((sum, { failed }) => sum + failed, 0),
    rejected: batches.flatMap(({ rejected }) => rejected),
    span:
      stored.length > 0
        ? [Math.min(...stored.map(({ minTime }) => minTime)), Math.max(...stored.map(({ maxTime }) => maxTime))]
        : [NOW, NOW],
    own: stored.length > 0 && stored.every(({ everyEventHasItsOwnTime }) => everyEventHasItsOwnTime),
  };
}

function atOnce(body: Uint8Array, given: Given = {}): Outcome {
  try {
    const { format, options } = chosen(given.type ?? null)(body);
    return joined([decodeWith(format, body, ruled(given), options)]);
  } catch (error) {
    return refused(error);
  }
}

/** Chunks of the lengths in turn, all in one buffer that is overwritten as soon as the next one is asked for. */
async function* chunksOf(body: Uint8Array, lengths: number[]): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(...lengths));
  for (let at = 0, i = 0; at < body.length; i++) {
    const part = body.subarray(at, at + (lengths[i % lengths.length] as number));
    buffer.fill(0x7b).set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0x22);
    at += part.length;
  }
}

async function inWindows(body: Uint8Array, lengths: number[], given: Given = {}): Promise<Outcome & { batches: Batch[] }> {
  const batches: Batch[] = [];
  try {
    const limits = { ...SMALL, ...given.limits };
    for await (const batch of decodeChunks(chunksOf(body, lengths), ruled(given), chosen(given.type ?? null), limits)) batches.push(batch);
    return { ...joined(batches), batches };
  } catch (error) {
    return { ...refused(error), batches };
  }
}

const TIMES = ['"2026-01-01T00:00:00Z"', "1700000000", '"yesterday"', "null"];
const value = fc.oneof(
  fc.constantFrom("1", "-0.5e3", "12345678901234567890", "true", "null", '""', "[]", "{}", '"\\ud83d\\ude00"', '"\\ud83d"', '"日本 😀"'),
  fc.string({ maxLength: 90, unit: "grapheme" }).map((text) => JSON.stringify(text)),
  fc.constantFrom("[1,[2,{}]]", '{"a":{"b":["\\n"]}}'),
);
const member = fc.oneof(
  fc.tuple(fc.constantFrom("a", "b", "_source", "\\u0061", "日"), value).map(([name, text]) => `"${name}":${text}`),
  fc.constantFrom(...TIMES).map((time) => `"_time":${time}`),
);
const object = (space: string) => fc.array(member, { maxLength: 5 }).map((members) => `{${space}${members.join(`,${space}`)}${space}}`);
const space = fc.constantFrom("", " ", "\n", "\r\n  ", "\t");
const good = fc.oneof(object(""), object(" "));
const badLine = fc.constantFrom("x", '{"a":', "[1]", "12", '"x"', "{} x", '{"a":NaN}', "\u0000", '{"a":"b', "日", "{}}");

const ndjson = fc
  .array(fc.oneof({ weight: 4, arbitrary: good }, badLine, fc.constantFrom("", " ", "\r")), { maxLength: 30 })
  .chain((lines) => fc.constantFrom(lines.join("\n"), `${lines.join("\r\n")}\n`, `\uFEFF${lines.join("\n")}\n\n`));
const array = fc
  .tuple(fc.array(fc.oneof({ weight: 4, arbitrary: fc.oneof(good, object("\n")) }, value), { maxLength: 30 }), space, space)
  .map(([elements, before, after]) => `${before}[${after}${elements.join(`${before},${after}`)}${before}]${after}`);
const objects = fc.tuple(fc.array(object("\n "), { maxLength: 30 }), space).map(([all, between]) => all.join(between));
const objectsThenLines = fc.tuple(objects, ndjson).map((parts) => parts.join("\n"));
const csvValue = fc.oneof(
  fc.constantFrom("", "1", "ü", '"a,b"', '"x\ny"', '"say ""hi"""', '"', 'x"', '"a"b', "\u0001"),
  fc.string({ maxLength: 40 }).map((text) => `"${text.replaceAll('"', '""')}"`),
);
const csv = fc
  .tuple(fc.array(fc.array(csvValue, { minLength: 1, maxLength: 4 }), { maxLength: 25 }), fc.constantFrom("\n", "\r\n", "\r", "\n\n"))
  .map(([records, end]) => `a,_time,"c ""x"""${end}${records.map((record) => record.join(",")).join(end)}`);
const broken = fc.tuple(array, fc.nat(), fc.constantFrom("", "]", "}", "x", ",", '"', "\n{")).map(([text, at, junk]) => {
  const cut = at % (text.length + 1);
  return text.slice(0, cut) + junk + text.slice(cut + (at % 2));
});

const body = fc.oneof(
  fc.tuple(fc.constantFrom<string | null>(NDJSON, JSON_TYPE, null), fc.oneof(ndjson, objects, objectsThenLines)),
  fc.tuple(fc.constantFrom<string | null>(NDJSON, JSON_TYPE, null), array),
  fc.tuple(fc.constantFrom<string | null>(JSON_TYPE, null), broken),
  fc.tuple(fc.constant<string | null>(CSV), csv),
  fc.tuple(fc.constantFrom<string | null>(NDJSON, JSON_TYPE, CSV, null), fc.string({ maxLength: 200, unit: "binary" })),
);

describe("a body in windows", () => {
  it("becomes what it becomes at once, wherever chunks and windows end", { timeout: 20_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 32, max: 300 }),
        fc.constantFrom(undefined, '{"region":"eu"}'),
        async ([type, text], lengths, windowBytes, labels) => {
          const given = { type, ...(labels ? { labels } : {}), limits: { windowBytes } };
          const { batches, ...outcome } = await inWindows(encode(text), lengths, given);
          expect(outcome).toEqual(atOnce(encode(text), given));
          for (const batch of batches) expect(batch.ndjson.length).toBeLessThan(SMALL.batchBytes + 1_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  const REAL = LARGE_LIMITS;
  const line = (n: number, bytes: number) => `{"n":${n},"x":"${"x".repeat(bytes)}"}\n`;

  it("keeps a row that ends at, on or behind a window's end, good or bad", async () => {
    const filler = line(0, 1_000);
    for (const row of ['{"n":1}\n', '{"n":"ü\\ud83d\\ude00"}\r\n', '{"n":\n', "[1]\n", '{"_time":"never"}\n'])
      for (let shift = 0; shift <= row.length + 4; shift += 3) {
        const before = filler.repeat(Math.floor((REAL.windowBytes - 2_000) / filler.length));
        const padding = line(0, REAL.windowBytes - before.length - shift - 15);
        const body = encode(before + padding + row + filler.repeat(3));
        const given = { type: NDJSON, limits: REAL };
        const { batches, ...outcome } = await inWindows(body, [65_536], given);
        expect(outcome).toEqual(atOnce(body, given));
        expect(batches.length).toBeGreaterThan(1);
      }
  });

  it("64 rejects a line that is too long alone, without holding it", async () => {
    for (const long of [line(2, REAL.eventBytes), `{"n":${"9".repeat(3 * REAL.eventBytes)}\n`, `${"x".repeat(2 * REAL.eventBytes)}\n`]) {
      const { rows, rejected, problem } = await inWindows(encode(line(1, 10) + long + line(3, 10)), [100_000], {
        type: NDJSON,
        limits: REAL,
      });
      expect([problem, rows, rejected.map(({ index, reason }) => [index, reason])]).toEqual(["none", 2, [[1, "row"]]]);
    }
    const last = encode(line(1, 10) + "x".repeat(2 * REAL.eventBytes));
    expect((await inWindows(last, [100_000], { type: NDJSON, limits: REAL })).failed).toBe(1);
  });

  it("takes an event as long as is allowed, in every form", async () => {
    const event = `{"x":"${"x".repeat(1_048_570)}","y":"${"y".repeat(1_048_570)}","z":[${"1,".repeat(1_048_550)}1]}`;
    expect(event.length).toBeLessThan(REAL.eventBytes);
    expect(event.length).toBeGreaterThan(REAL.eventBytes - 100);
    for (const [type, body] of [
      [NDJSON, `{}\n${event}\n{}`],
      [JSON_TYPE, `[{},${event},{}]`],
      [JSON_TYPE, `{}${event}{}`],
    ] as const) {
      const { batches, ...outcome } = await inWindows(encode(body), [200_000], { type, limits: REAL });
      expect(outcome).toEqual(atOnce(encode(body), { type }));
    }
  });

  it.each<[string, string, string]>([
    ["an array's element", JSON_TYPE, `[{},{"x":[${"1,".repeat(3_000_000)}1]}]`],
    ["one of objects in a row", JSON_TYPE, `{}{"x":[${"1,".repeat(3_000_000)}1]}`],
    ["an indented object", NDJSON, `{\n"x":[${"1,\n".repeat(3_000_000)}1]}`],
    ["an object that never ends", JSON_TYPE, `{}{"x":[${"1,".repeat(6_000_000)}`],
    ["a CSV record", CSV, `a\n1\n"${"x".repeat(6_000_000)}"\n`],
    ["a CSV record that never ends", CSV, `a\n1\n"${"x".repeat(9_000_000)}`],
    ["a CSV record that grows", CSV, `a\n1\n"${"\u0001".repeat(4_000_000)}"\n`],
    ["a CSV header", CSV, `a,${"x".repeat(9_000_000)}\n1,2`],
    ["white space before anything else", JSON_TYPE, `${" ".repeat(9_000_000)}{}`],
  ])("64 refuses %s that is too long, because nothing tells where the next begins", async (_name, type, body) => {
    expect((await inWindows(encode(body), [200_000], { type, limits: REAL })).problem).toMatch(/^body-too-large: /);
  });

  it("refuses an array that breaks late, after batches that are to be dropped", async () => {
    const body = encode(`[${'{"n":1},'.repeat(1_000)}{"n":]`);
    const { batches, problem } = await inWindows(body, [999], { type: JSON_TYPE });
    expect(batches.length).toBeGreaterThan(10);
    expect(problem).toBe(atOnce(body, { type: JSON_TYPE }).problem);
    expect(problem).toContain("element 1000");
  });

  it("refuses an array sent as lines that breaks after the first window, since lines of it are no events", async () => {
    const body = encode(`[{"n":1},\n${'{"n":1},\n'.repeat(100)}{"n":1}`);
    expect((await inWindows(body, [999], { type: NDJSON })).problem).toMatch(/^body-invalid: /);
  });

  it("lists as many rejected rows as a small body does, and counts them all", async () => {
    const { failed, rejected, rows } = await inWindows(encode(`{}\n${"1\n".repeat(5_000)}`), [100], { type: NDJSON });
    expect([rows, failed, rejected.length]).toEqual([1, 5_000, FAILURES_LISTED_MAX]);
    expect(rejected.at(-1)?.index).toBe(FAILURES_LISTED_MAX);
  });

  it("makes small batches of rows that grow by labels", async () => {
    const labels = JSON.stringify({ l: "x".repeat(8_000) });
    const { batches, rows } = await inWindows(encode("{}\n".repeat(2_000)), [65_536], { type: NDJSON, labels, limits: REAL });
    expect(rows).toBe(2_000);
    for (const { ndjson } of batches) expect(ndjson.length).toBeLessThan(REAL.batchBytes + 10_000);
  });

  it.each<[string, string, string, Partial<WindowLimits>]>([
    ["rows", NDJSON, "{}\n".repeat(101), { rows: 100 }],
    ["rejected rows", NDJSON, `{}\n${"x\n".repeat(100)}`, { rows: 100 }],
    ["bytes of lines", NDJSON, "{}\n".repeat(100), { lineBytes: 5_000 }],
    ["bytes of CSV as JSON", CSV, `${"x".repeat(100)}\n${"1,1\n".repeat(100)}`, { csvBytes: 5_000 }],
  ])("refuses too many %s over all windows", async (_name, type, body, limits) => {
    expect((await inWindows(encode(body), [64], { type, limits })).problem).toMatch(/^body-too-large: /);
  });

  it("asks for no more chunks once its batches are not wanted any more", async () => {
    let isOpen = true;
    async function* endless() {
      try {
        for (;;) yield encode("{}\n".repeat(100));
      } finally {
        isOpen = false;
      }
    }
    for await (const batch of decodeChunks(endless(), ruled({}), chosen(NDJSON), SMALL)) if (batch.rows > 0) break;
    expect(isOpen).toBe(false);
  });
});
