import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openColumns } from "../../../../src/edge/query/apl/columns.ts";
import type { Row } from "../../../../src/edge/query/apl/value.ts";
import { openEvents } from "../../../../src/edge/query/source/events.ts";
import { COLUMNS_MAX, openFields } from "../../../../src/edge/query/source/fields.ts";
import { numberIn } from "../../../../src/edge/query/source/numbers.ts";
import { microsecondsIn } from "../../../../src/edge/query/source/time.ts";

interface How {
  names?: string[] | null;
  mapFields?: string[];
  /** Map fields that were, until then; microseconds. */
  past?: [string, number][];
  from?: number;
  to?: number;
  check?: boolean;
}

/** What is read of lines, as objects; null for those that are out of the range. */
function read(
  lines: string[],
  { names = null, mapFields = [], past = [], from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, check = false }: How,
) {
  const columns = openColumns();
  let crowds = 0;
  const ever = new Map([...past, ...mapFields.map((name) => [name, Number.POSITIVE_INFINITY] as const)]);
  const fields = openFields({ names, mapFields: ever, columns, crowded: () => void crowds++ });
  const blank = () => columns.list.map(() => undefined);
  const events = openEvents({ fields, wide: names === null, from, to, blank });
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  const text = Buffer.from(bytes).toString("latin1");
  events.open({ bytes, text });
  const rows: (Row | null)[] = [];
  for (let start = 0; start < text.length; start = text.indexOf("\n", start) + 1) rows.push(events.read(start, check));
  const named = (row: Row) => columns.list.flatMap(({ name }, slot) => (row[slot] === undefined ? [] : [[name, row[slot]] as const]));
  return { events: rows.map((row) => row && Object.fromEntries(named(row))), columns, crowds };
}

const DAY = "2026-11-24T12:00:00";

describe("an event", () => {
  it("is flattened, but for arrays and map fields", () => {
    const line = '{"a":{"b":1,"c":{"d":"x"},"e":[{"f":1}],"g":{}},"m":{"k":{"l":1}},"h":{"m":{"k":2}}}';
    expect(read([line], { mapFields: ["m", "h.m"] }).events).toEqual([
      { "a.b": 1, "a.c.d": "x", "a.e": [{ f: 1 }], m: { k: { l: 1 } }, "h.m": { k: 2 } },
    ]);
  });

  it("keeps objects of what was a map field when they arrived", () => {
    const at = (time: string) => `{"_sysTime":"${time}","_time":"${time}","o":{"k":1}}`;
    const lines = [at("2026-11-24T11:59:59.999999Z"), at("2026-11-24T12:00:00Z")];
    const past: [string, number][] = [["o", Date.UTC(2026, 10, 24, 12) * 1_000]];
    const flat = { "o.k": 1 };
    expect(read(lines, { past }).events.map((event) => ({ o: event?.["o"], "o.k": event?.["o.k"] }))).toEqual([
      { o: { k: 1 }, "o.k": undefined },
      { ...flat, o: undefined },
    ]);
    expect(read(lines, { past, names: ["o.k"] }).events).toEqual([{}, flat]);
    expect(read(lines, { past, names: ["o", "o.k"] }).events).toEqual([{ o: { k: 1 } }, flat]);
  });

  it("gives the wanted fields only, found at whatever depth, under whichever spelling of their names", () => {
    const lines = [
      '{"x":{"a":{"y":1}},"a":{"b":{"c":7},"b2":1},"z":1}',
      '{"a.b.c":8}',
      String.raw`{"\u0061":{"b":{"c":9}}}`,
      '{"a":{"b":1}}',
    ];
    const { events, columns } = read(lines, { names: ["a.b.c", "z"] });
    expect(events).toEqual([{ "a.b.c": 7, z: 1 }, { "a.b.c": 8 }, { "a.b.c": 9 }, {}]);
    expect(columns.list.map(({ name }) => name)).toEqual(["a.b.c", "z"]);
  });

  it("counts the first of members with one name, whether all are wanted or one", () => {
    const line = '{"a":1,"a":2,"b":{"c":3},"b.c":4}';
    expect(read([line], {}).events).toEqual([{ a: 1, "b.c": 3 }]);
    expect(read([line], { names: ["b.c", "a"] }).events).toEqual([{ a: 1, "b.c": 3 }]);
  });

  it("has its times in microseconds, of which finer digits are cut", () => {
    const line = `{"_sysTime":"${DAY}.000Z","_time":"${DAY}.123456789Z","t":"${DAY}Z"}`;
    const ms = Date.parse(`${DAY}Z`);
    expect(read([line], {}).events).toEqual([{ _sysTime: ms * 1_000, _time: ms * 1_000 + 123_456, t: `${DAY}Z` }]);
    expect(read([line], {}).columns.list.map(({ type }) => type)).toEqual(["datetime", "datetime", "dynamic"]);
  });

  it("is out of a range that ends with its time, and in one that begins with it", () => {
    const lines = [`{"n":1,"_time":"${DAY}.001Z"}`, `{"_time":"${DAY}.002Z","n":2}`, '{"n":3}'];
    const at = Date.parse(`${DAY}.002Z`) * 1_000;
    for (const names of [null, ["n"], ["_time", "n"], ["_time"], []]) {
      const kept = (how: How) => read(lines, { names, check: true, ...how }).events.map((event) => event !== null);
      expect(kept({ to: at })).toEqual([true, false, false]);
      expect(kept({ from: at })).toEqual([false, true, false]);
      expect(kept({})).toEqual([true, true, false]);
    }
  });

  it("keeps what is null apart from what is not there", () => {
    expect(read(['{"a":null}', "{}", "{ } "], { names: ["a"] }).events).toEqual([{ a: null }, {}, {}]);
  });

  it("gives no column to fields beyond the most there may be, and says so", () => {
    const line = JSON.stringify(Object.fromEntries(Array.from({ length: COLUMNS_MAX + 5 }, (_, n) => [`f${n}`, n])));
    const { columns, crowds, events } = read([line, line], {});
    expect(columns.list).toHaveLength(COLUMNS_MAX);
    expect(crowds).toBe(5);
    expect(Object.keys(events[1] ?? {})).toHaveLength(COLUMNS_MAX);
  });

  it.each(["", "x", "[]", '{"a"', '{"a":', '{"a":"x', '{"a":{"b":1', '{"a":1', '{"a" 1}', "{1}"])(
    "that is none, %j, is a syntax error and no endless loop",
    (line) => {
      expect(() => read([line], {})).toThrow(SyntaxError);
    },
  );

  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "binary", maxLength: 80 }).map((text) => text.toWellFormed()),
      fc.constantFrom("GET", "a string that comes again and again, and is long enough to be cut", 'with "quotes" and \\', "\\"),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.constantFrom(true, false, null, 0, -0, 1e21, 123456789012345680),
      fc.array(tie("any"), { maxLength: 3 }),
      tie("object"),
    ),
    object: fc.dictionary(
      fc.oneof(fc.constantFrom("a", "b", "c", "grün", 'x"y', "p.q", "", "_time"), fc.string({ maxLength: 3 })),
      tie("any"),
      { maxKeys: 5 },
    ),
  })).object as fc.Arbitrary<Record<string, unknown>>;

  /** The same by JSON.parse and recursion. */
  function flattened(event: Record<string, unknown>, mapFields: string[]): Record<string, unknown> {
    const flat: Record<string, unknown> = Object.create(null);
    const walk = (object: Record<string, unknown>, prefix: string) => {
      for (const [key, each] of Object.entries(object)) {
        const name = prefix + key;
        const isObject = typeof each === "object" && each !== null && !Array.isArray(each);
        if (isObject && !mapFields.includes(name)) walk(each as Record<string, unknown>, `${name}.`);
        else if (!(name in flat)) flat[name] = each;
      }
    };
    walk(event, "");
    return flat;
  }

  it("is what JSON.parse makes of it, flattened, whatever is in it, however it is laid out and whichever fields are wanted", () => {
    const names = fc.option(
      fc.uniqueArray(fc.constantFrom("a", "b", "c", "a.b", "a.a", "b.c.a", "grün", 'x"y', "p.q", "", "nowhere"), { maxLength: 5 }),
    );
    const layouts = fc.constantFrom<(event: object) => string>(
      (event) => JSON.stringify(event),
      (event) => JSON.stringify(event, null, 1).replaceAll("\n", " "),
      (event) => JSON.stringify(event, null, "\t").replaceAll("\n", " ").replaceAll('":', '" :'),
      (event) => JSON.stringify(event).replace(/[^\x20-\x7e]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`),
    );
    // texts that look like a time where one stands are not what is stored
    const clean = (events: Record<string, unknown>[]) => events.map(({ _time, _sysTime, ...event }) => event);
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 6 }).map(clean),
        layouts,
        names,
        fc.subarray(["a", "a.b", "c"]),
        (all, layout, wanted, mapFields) => {
          const lines = all.map(layout);
          const expected = lines.map((line) => {
            const flat = flattened(JSON.parse(line), mapFields);
            return Object.fromEntries(Object.entries(flat).filter(([name]) => wanted === null || (wanted as string[]).includes(name)));
          });
          expect(read(lines, { names: wanted, mapFields }).events).toEqual(expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

it("reads numbers to the same double as JSON.parse", () => {
  const integer = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map(String);
  const decimal = fc
    .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat(999_999_999))
    .map(([a, b]) => `${a}.${String(b).padStart(9, "0")}`);
  const numbers = fc.oneof(
    integer,
    decimal,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => JSON.stringify(each)),
    fc.constantFrom("-0", "-0.0", "1E5", "1e-7", "0.1"),
  );
  fc.assert(
    fc.property(numbers, (text) => {
      expect(numberIn(new TextEncoder().encode(`,${text},`), `,${text},`, 1, text.length + 1)).toBe(JSON.parse(text));
    }),
    { numRuns: 5_000 },
  );
});

it("reads times to the microsecond as they were meant", () => {
  const instants = fc.tuple(
    fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("2250-01-01T00:00:00Z"), noInvalidDate: true }),
    fc.constantFrom("", "0", "001", "999999", "25"),
  );
  fc.assert(
    fc.property(instants, ([date, finer]) => {
      const text = `${date.toISOString().slice(0, -1)}${finer}Z`;
      const micros = date.getTime() * 1_000 + Number(finer.padEnd(3, "0").slice(0, 3));
      expect(microsecondsIn(new TextEncoder().encode(text), 0, text.length)).toBe(micros);
    }),
    { numRuns: 5_000 },
  );
  const whole = new TextEncoder().encode("2024-02-29T23:59:59Z");
  expect(microsecondsIn(whole, 0, whole.length)).toBe(Date.UTC(2024, 1, 29, 23, 59, 59) * 1_000);
});
