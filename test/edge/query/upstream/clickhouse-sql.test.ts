import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { parseExpression, parseQuery } from "../../../../src/edge/query/apl/parse.ts";
import { type EventsTable, toClickHouse } from "../../../../src/edge/query/upstream/clickhouse-sql.ts";
import { CORPUS } from "../apl/corpus.ts";

const NOW = Date.UTC(2026, 0, 2) * 1_000;
const RANGE = { from: NOW - 3.6e9, to: NOW, now: NOW, virtualFields: new Map() };
const COLUMNS: EventsTable = {
  from: "`logs`.`web`",
  columns: [
    { name: "_time", type: "DateTime64(9, 'UTC')" },
    { name: "service", type: "LowCardinality(String)" },
    { name: "status", type: "Nullable(UInt16)" },
    { name: "ms", type: "Float64" },
    { name: "ok", type: "Bool" },
    { name: "tags", type: "Array(String)" },
    { name: "attr", type: "JSON" },
  ],
};
/** As an engine S3 over the bucket has them, with the format JSONAsObject. */
const WHOLE: EventsTable = { from: "`logs`.`bucket`", columns: [{ name: "json", type: "JSON" }] };

const made = (apl: string, table = COLUMNS) => toClickHouse(parseQuery(apl), () => table, RANGE);
const sql = (apl: string, table = COLUMNS) => made(apl, table).sql;

const MICROS = (micros: number) => `fromUnixTimestamp64Micro(toInt64(${micros}), 'UTC')`;
const WITHIN = `WHERE e.\`_time\` >= ${MICROS(RANGE.from)} AND e.\`_time\` < ${MICROS(RANGE.to)}`;
const FROM = `FROM \`logs\`.\`web\` AS e ${WITHIN}`;

describe("a query in ClickHouse's SQL", () => {
  it("reads the columns that it uses, of the range, and groups", () => {
    expect(sql("web | where service == 'api' | summarize count() by status")).toBe(
      "SELECT c2 AS `a0`, c3 AS `a1` FROM (SELECT c2, toInt64(count()) AS c3 FROM " +
        `(SELECT * FROM (SELECT e.\`service\` AS c1, e.\`status\` AS c2 ${FROM}) WHERE ((c1 = 'api'))) GROUP BY c2) LIMIT 50001 FORMAT JSONCompact`,
    );
  });

  it.each([
    ["ms > 5", "(c1 > toInt64(5))"],
    ["status != 200", "ifNull(c1 != toInt64(200), true)"],
    ["status == 200 or ok", "(ifNull(c1 = toInt64(200), false) OR c2)"],
    ["service in ('a', 'b')", "(c1 IN ('a', 'b'))"],
    ["service contains 'x'", "ifNull(position(lowerUTF8(c1), lowerUTF8('x')) > 0, false)"],
    ["service !has_cs 'x'", "NOT ifNull(ifNull(match(c1, '(?:^|[^\\\\p{L}\\\\p{N}])x(?:$|[^\\\\p{L}\\\\p{N}])'), false), false)"],
    ["service matches regex 'a.b'", "ifNull(match(c1, '(?-s)a.b'), false)"],
    ["_time > ago(1h)", `(c1 > ${MICROS(NOW - 3.6e9)})`],
  ])("says where %s", (apl, condition) => {
    expect(sql(`web | where ${apl}`)).toContain(`WHERE (${condition})`);
  });

  it("knows types, names and meanings of the answer before it is asked", () => {
    const { columns, meanings } = made(
      "web | summarize n = count(), avg(ms), dcount(service), make_set(attr.x) by bin(_time, 5m), service, attr.region",
    );
    expect(columns.map(({ name, type }) => `${name}:${type}`)).toEqual([
      "_time:datetime",
      "service:string",
      "attr.region:dynamic",
      "n:long",
      "avg_ms:real",
      "dcount_service:long",
      "set_attr.x:dynamic",
    ]);
    expect(meanings.groups).toEqual(["_time", "service", "attr.region"]);
    expect(meanings.bucket).toEqual({ field: "_time", size: 3e8 });
    expect(meanings.aggregations.get("dcount_service")).toMatchObject({ op: "distinct", fields: ["service"] });
  });

  it("takes a field for null that the table has no column for, and a path where one column holds events whole", () => {
    expect(made("web | project x = nowhere.at.all").columns).toEqual([{ name: "x", type: "dynamic" }]);
    expect(sql("web | project x = nowhere")).not.toContain("nowhere");
    expect(sql("web | project x = a.b['c d']", WHOLE)).toContain("e.`json`.`a`.`b`.`c d`");
  });

  it("gives events whole where they are so, beside what was computed", () => {
    const { columns, whole } = made("web | extend n = 1", WHOLE);
    expect([columns.map(({ name }) => name), whole]).toEqual([["n"], 1]);
  });

  it("keeps an order until the end, and through a limit", () => {
    expect(sql("web | sort by ms desc | take 5 | project service")).toMatch(
      /ORDER BY c1 DESC NULLS LAST LIMIT 5\).* ORDER BY c1 DESC NULLS LAST FORMAT/,
    );
    expect(made("web | top 3 by ms | project ms").order).toEqual([{ field: "ms", desc: true }]);
  });

  it("puts virtual fields in the place of fields, wherever they are used, and refuses those that go in a circle", () => {
    const virtualFields = new Map([
      ["slow", parseExpression("ms > limit_")],
      ["limit_", parseExpression("100")],
      ["a", parseExpression("b + 1")],
      ["b", parseExpression("a + 1")],
    ]);
    const withFields = (apl: string) => toClickHouse(parseQuery(apl), () => COLUMNS, { ...RANGE, virtualFields }).sql;
    expect(withFields("web | where slow | count")).toContain("(c1 > toInt64(100))");
    expect(() => withFields("web | where a > 1")).toThrow(/defined by itself/);
  });

  it("asks for no table but those that the query's datasets name", () => {
    const asked: string[] = [];
    const apl = "let T = other | where ms > 1; let web = web | take 1; union T, (web | join kind=inner (third) on service)";
    const table = (name: string) => {
      asked.push(name);
      return COLUMNS;
    };
    toClickHouse(parseQuery(apl), table, RANGE);
    expect([...new Set(asked)].sort()).toEqual(["other", "third", "web"]);
  });

  it.each([
    ["web | parse service with * ':' x", 6, "parse"],
    ["web | make-series count() on _time step 1h", 6, "make-series"],
    ["web | getschema", 6, "getschema"],
    ["web | search 'x'", 6, "search"],
    ["web | extend x = ipv4_is_private(service)", 17, "ipv4_is_private()"],
    ["web | summarize histogram(ms, 5)", 16, "histogram()"],
    ["web | distinct *", 6, "distinct *"],
  ])("says of %s where ClickHouse cannot", (apl, at, what) => {
    const fault = faultOf(apl);
    expect(fault).toMatchObject({ at });
    expect(fault?.message).toContain(`${what}`);
    expect(fault?.message).toContain("is not available for datasets answered by ClickHouse");
  });

  it.each([
    ["web | where status == 'x'", 19],
    ["web | extend x = tolowr(service)", 17],
    ["web | project ms | where service == 'a'", 25],
    ["web | summarize percentile(ms, 101)", 31],
  ])("refuses %s as our own engine does", (apl, at) => {
    expect(faultOf(apl)).toMatchObject({ at });
  });

  it("meets any query of the corpus with SQL or a positioned fault", () => {
    for (const apl of CORPUS)
      for (const table of [COLUMNS, WHOLE]) {
        try {
          expect(tokens(sql(apl, table)).open).toBe(false);
        } catch (thrown) {
          if (!(thrown instanceof QueryFault)) throw thrown;
          expect(thrown.at).toBeLessThanOrEqual(apl.length);
        }
      }
  });

  it("stays within what ClickHouse parses, however a query doubles itself", () => {
    const doubling = Array.from({ length: 60 }, (_, i) => `| extend v${i + 1} = strcat(v${i}, tostring(v${i}), v${i})`).join(" ");
    expect(sql(`web | extend v0 = attr.x ${doubling}`).length).toBeLessThan(60_000);
    const long = `web | where service in (${Array.from({ length: 2_000 }, (_, i) => `'${i}${"x".repeat(200)}'`).join(",")})`.slice(
      0,
      99_000,
    );
    expect(() => sql(`${long.slice(0, long.lastIndexOf(","))})`.repeat(1))).not.toThrow();
  });
});

function faultOf(apl: string): QueryFault | null {
  try {
    sql(apl);
    return null;
  } catch (thrown) {
    if (thrown instanceof QueryFault) return thrown;
    throw thrown;
  }
}

/** ClickHouse's reading of quotes, written from its documentation: what is in them, and what is left outside. */
function tokens(text: string): { outside: string; inside: string[]; open: boolean } {
  const inside: string[] = [];
  let outside = "";
  const escapes: Record<string, string> = { "0": "\0", n: "\n", r: "\r", t: "\t" };
  for (let at = 0; at < text.length; at++) {
    const quote = text[at];
    if (quote !== "'" && quote !== "`") {
      outside += quote;
      continue;
    }
    let value = "";
    for (at++; text[at] !== quote; at++) {
      if (at >= text.length) return { outside, inside, open: true };
      if (text[at] === "\\") value += escapes[text[++at] ?? ""] ?? text[at];
      else value += text[at];
    }
    // a quote that is doubled goes on in ClickHouse: none may stand right behind another
    if (text[at + 1] === quote) return { outside, inside, open: true };
    inside.push(value);
    outside += quote === "'" ? "T" : "N";
  }
  return { outside: outside.replace(/N(\.N)+/g, "N"), inside, open: false };
}

const hostile = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("'", "`", "\\", '"', "\n", "\r", "\0", "\t", ";", "-", "/", "*", "(", ")", " ", "a", "{", "}", "\u2028"),
    minLength: 1,
    maxLength: 20,
  }),
);
/** As a text of APL, all in escapes. */
const written = (text: string) =>
  `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`;

describe("what stands between quotes in the SQL", () => {
  const texts = [
    (text: string) => `web | where service == ${text}`,
    (text: string) => `web | where service contains ${text} or attr.x startswith ${text}`,
    (text: string) => `web | where attr.x in (${text}, 'other') and service !in~ (${text})`,
    (text: string) => `web | extend x = strcat(${text}, service), y = replace_string(${text}, 'b', service), z = split(service, ${text})`,
    (text: string) => `web | extend x = iff(ok, ${text}, service), y = bag_has_key(attr, ${text})`,
    (text: string) => `web | summarize countif(service == ${text}) by x = strcat(service, ${text})`,
    (text: string) => `web | extend x = dynamic({"k": ${text}}) | where service in (dynamic([${text}]))`,
    (text: string) => `let t = ${text}; web | where service == t | project t = strcat(t, service)`,
    (text: string) => `print x = ${text}`,
    (text: string) => `web | extend y = attr.x[${text}]`,
  ];

  it.each(texts.map((query) => [query("'…'"), query] as const))("is no more than a text: %s", (_, query) => {
    const plain = tokens(sql(query(written("plain")))).outside;
    fc.assert(
      fc.property(hostile, (text) => {
        const { outside, inside, open } = tokens(sql(query(written(text))));
        expect(open).toBe(false);
        expect(outside).toBe(plain);
        expect(inside.some((one) => one.includes(text) || one.includes(JSON.stringify(text).slice(1, -1)))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  const patterns = [(text: string) => `web | where service has ${text}`, (text: string) => `web | where service has_any (${text}, 'b')`];

  it.each(patterns.map((query) => [query("'…'"), query] as const))("is no more than a pattern: %s", (_, query) => {
    const plain = tokens(sql(query(written("plain")))).outside;
    fc.assert(
      fc.property(hostile, (text) => {
        const { outside, open } = tokens(sql(query(written(text))));
        expect([open, outside]).toEqual([false, plain]);
      }),
      { numRuns: 200 },
    );
  });

  it("is no more than a name, of a column, of a path in one, or of a new one", () => {
    const queries = [
      (name: string) => `web | project x = [${name}]`,
      (name: string) => `web | project [${name}]`,
      (name: string) => `web | extend [${name}] = ms | summarize sum([${name}]) by service | project service`,
      (name: string) => `web | where isnotnull(attr.[${name}])`,
    ];
    for (const table of [COLUMNS, WHOLE])
      for (const query of queries) {
        const plain = tokens(sql(query(written("plain")), table)).outside;
        fc.assert(
          fc.property(hostile, (name) => {
            const { outside, open } = tokens(sql(query(written(name)), table));
            expect([open, outside]).toEqual([false, plain]);
          }),
          { numRuns: 200 },
        );
      }
  });

  it("is no more than a column of the table that has such a name", () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const table = {
          from: "t",
          columns: [
            { name: "_time", type: "DateTime" },
            { name, type: "String" },
          ],
        };
        const { inside, open, outside } = tokens(sql(`web | project x = [${written(name)}]`, table));
        expect([open, outside]).toEqual([false, tokens(sql("web | project x = service")).outside.replace("FROM N", "FROM t")]);
        expect(inside).toContain(name);
      }),
    );
  });
});
