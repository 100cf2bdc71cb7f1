/** A field that holds values of several types: a value is compared with what is of its own type alone. */
import type { Golden } from "../golden.ts";

const ids = (apl: string, sql: string): Golden => ({ apl: `logs | where ${apl} | project id`, sql: `SELECT id FROM logs WHERE ${sql}` });
const NUMBER = "mixed_type IN ('BIGINT', 'UBIGINT', 'DOUBLE')";
const number = (test: string) => `CASE WHEN ${NUMBER} THEN mixed_text::DOUBLE ${test} ELSE false END`;
const text = (test: string) => `mixed_type = 'VARCHAR' AND mixed_text ${test}`;

export const MIXED: readonly Golden[] = [
  ids("mixed == 5", number("= 5")),
  ids("mixed == 2.5", number("= 2.5")),
  ids("mixed == '5'", text("= '5'")),
  ids("mixed == ''", text("= ''")),
  ids("mixed == true", "mixed_type = 'BOOLEAN' AND mixed_text = 'true'"),
  ids("mixed == false", "mixed_type = 'BOOLEAN' AND mixed_text = 'false'"),
  ids("mixed != 5", `NOT (${number("= 5")})`),
  ids("mixed != 'abc'", "NOT (mixed_type = 'VARCHAR' AND mixed_text = 'abc')"),
  ids("mixed < 3", number("< 3")),
  ids("mixed >= 2.5", number(">= 2.5")),
  ids("mixed > '4'", text("> '4'")),
  ids("mixed in (1, 'abc', true)", `${number("= 1")} OR (${text("= 'abc'")}) OR (mixed_type = 'BOOLEAN' AND mixed_text = 'true')`),
  ids("mixed !in (1, 5)", `NOT (${number("IN (1, 5)")})`),
  ids("mixed between (1 .. 4)", number("BETWEEN 1 AND 4")),
  ids("isnull(mixed)", "mixed IS NULL"),
  ids("isempty(mixed)", "mixed IS NULL OR (mixed_type = 'VARCHAR' AND mixed_text = '')"),
  ids("mixed =~ 'ABC'", text("= 'abc'")),
  // what is no text is looked at as it is printed
  ids("mixed contains '5'", "contains(mixed_text, '5')"),
  ids("mixed startswith 'A'", "starts_with(lower(mixed_text), 'a')"),
  ids("tostring(mixed) == '5'", "mixed_text = '5'"),
  ids("tostring(mixed) == 'true'", "mixed_text = 'true'"),
  ids("tolong(mixed) == 5", "mixed_text = '5' AND mixed_type <> 'ARRAY'"),
  ids("todouble(mixed) > 2", "CASE WHEN mixed_type IN ('ARRAY', 'BOOLEAN') THEN false ELSE try_cast(mixed_text AS DOUBLE) > 2 END"),
  ids(
    "tobool(mixed) == true",
    "CASE mixed_type WHEN 'BOOLEAN' THEN mixed_text = 'true' WHEN 'VARCHAR' THEN false WHEN 'ARRAY' THEN false ELSE mixed_text::DOUBLE <> 0 END",
  ),
  ids("mixed[0] == 1", "mixed_type = 'ARRAY' AND (mixed->>'$[0]') = '1'"),
  ids("array_length(mixed) == 1", "mixed_type = 'ARRAY' AND json_array_length(mixed) = 1"),
  {
    apl: "logs | summarize n = count(), total = sum(mixed), mean = avg(mixed), least = minif(mixed, mixed < 100)",
    sql: `SELECT count(*) AS n, sum(mixed_text::DOUBLE) FILTER (${NUMBER}) AS total, avg(mixed_text::DOUBLE) FILTER (${NUMBER}) AS mean,
      min(mixed_text::DOUBLE) FILTER (${NUMBER}) AS least FROM (SELECT mixed_type, CASE WHEN ${NUMBER} THEN mixed_text END AS mixed_text FROM logs)`,
  },
  {
    apl: "logs | summarize n = count() by mixed",
    sql: "SELECT mixed, count(*) AS n FROM logs GROUP BY mixed",
  },
  {
    apl: "logs | summarize dcount(mixed)",
    sql: "SELECT count(DISTINCT mixed) AS dcount_mixed FROM logs",
  },
  {
    apl: "logs | distinct mixed",
    sql: "SELECT DISTINCT mixed FROM logs",
  },
  {
    apl: "logs | extend kind = gettype(mixed) | summarize n = count() by kind",
    sql: `SELECT CASE mixed_type WHEN 'NONE' THEN 'null' WHEN 'BOOLEAN' THEN 'bool' WHEN 'VARCHAR' THEN 'string' WHEN 'ARRAY' THEN 'array'
      WHEN 'DOUBLE' THEN 'real' ELSE 'long' END AS kind, count(*) AS n FROM logs GROUP BY ALL`,
  },
  // numbers before texts, those before truth values, then arrays; and nulls first where the order rises
  {
    apl: "logs | where array_length(mixed) > 0 != true | project mixed, id | sort by mixed asc, id asc | project id, mixed",
    sql: `SELECT id, mixed FROM logs WHERE mixed_type <> 'ARRAY' ORDER BY CASE mixed_type WHEN 'NONE' THEN 0 WHEN 'VARCHAR' THEN 2 WHEN 'BOOLEAN' THEN 3 ELSE 1 END,
      CASE WHEN ${NUMBER} THEN mixed_text::DOUBLE END, mixed_text, id`,
    ordered: true,
  },
];
