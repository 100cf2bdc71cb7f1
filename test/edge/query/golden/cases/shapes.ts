/** Rows that become several, texts that become columns, rows that become arrays: `mv-expand`, `parse`, `make-series`, `getschema`. */
import type { Golden } from "../golden.ts";

/** A line of the usual form; in others nothing is found. */
const FORM = "regexp_matches(line, '^user=.* action=.* code=-?[0-9]+ took=')";
const part = (name: string, pattern: string) => `CASE WHEN ${FORM} THEN regexp_extract(line, '${pattern}', 1) END AS ${name}`;
const DAYS = "unnest(generate_series(TIMESTAMP '2026-02-27', TIMESTAMP '2026-03-04', INTERVAL 1 DAY)) AS day";

export const SHAPES: readonly Golden[] = [
  { apl: "logs | project id, tag = tags | mv-expand tag | where isnotnull(tag)", sql: "SELECT id, unnest(tags) AS tag FROM logs" },
  { apl: "logs | where array_length(tags) > 0 | project id, tags | mv-expand tags", sql: "SELECT id, unnest(tags) AS tags FROM logs" },
  {
    apl: "logs | mv-expand tag = tags | summarize n = count() by tag = tostring(tag) | where tag != ''",
    sql: "SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM logs) GROUP BY tag",
  },
  {
    apl: "logs | where array_length(tags) > 0 | project id, tags, nums | mv-expand tags, nums",
    sql: "SELECT id, unnest(tags) AS tags, unnest(nums) AS nums FROM logs WHERE len(tags) > 0",
  },
  {
    apl: "logs | where array_length(nums) > 0 | project id, nums | mv-expand with_itemindex=i nums",
    sql: "SELECT id, unnest(nums) AS nums, unnest(range(len(nums))) AS i FROM logs",
  },
  {
    apl: "logs | where array_length(nums) > 0 | project id, nums | mv-expand nums limit 2",
    sql: "SELECT id, unnest(nums[:2]) AS nums FROM logs",
  },
  {
    apl: "logs | where array_length(nums) > 0 | project id, nums | mv-expand n = nums to typeof(real) | summarize total = sum(n) by id",
    sql: "SELECT id, list_sum(nums) AS total FROM logs WHERE len(nums) > 0",
  },
  {
    apl: "logs | where array_length(items) > 0 | project id, items | mv-expand item = items | project id, sku = tostring(item.sku), qty = tolong(item.qty)",
    sql: "SELECT id, i.sku AS sku, i.qty AS qty FROM (SELECT id, unnest(items) AS i FROM logs)",
  },
  {
    apl: "logs | mv-expand items | summarize qty = sum(tolong(items.qty)) by sku = tostring(items.sku) | where sku != ''",
    sql: "SELECT i.sku AS sku, sum(i.qty) AS qty FROM (SELECT unnest(items) AS i FROM logs) GROUP BY ALL",
  },
  {
    apl: "logs | where id < 50 | project id, p = split(path, '/') | mv-expand p | where p != ''",
    sql: "SELECT id, p FROM (SELECT id, unnest(string_split(path, '/')) AS p FROM logs WHERE id < 50) WHERE p <> ''",
  },
  { apl: "print x = dynamic({'a': 1, 'b': 2}) | mv-expand x", sql: `SELECT unnest(['{"a":1}'::JSON, '{"b":2}'::JSON]) AS x` },
  {
    apl: "print x = range(1, 5) | mv-expand x to typeof(long) | extend y = x * x",
    sql: "SELECT unnest(range(1, 6)) AS x, unnest([1, 4, 9, 16, 25]) AS y",
  },
  {
    apl: "logs | parse line with 'user=' who ' action=' what ' code=' code:long ' took=' took_s:real 's' | project id, who, what, code, took_s",
    sql: `SELECT id, ${part("who", "user=(.*?) action=")}, ${part("what", " action=(.*?) code=")}, CASE WHEN ${FORM} THEN regexp_extract(line, ' code=(-?[0-9]+)', 1)::BIGINT END AS code,
      CASE WHEN ${FORM} THEN regexp_extract(line, 'took=([0-9.]+)s', 1)::DOUBLE END AS took_s FROM logs`,
  },
  {
    apl: "logs | parse line with * 'action=' what ' code' * | project id, what",
    sql: "SELECT id, CASE WHEN regexp_matches(line, 'action=.* code') THEN regexp_extract(line, 'action=(.*?) code', 1) END AS what FROM logs",
  },
  {
    apl: "logs | parse-where line with * 'code=' code:long ' ' * | project id, code",
    sql: "SELECT id, regexp_extract(line, 'code=(-?[0-9]+)', 1)::BIGINT AS code FROM logs WHERE regexp_matches(line, 'code=-?[0-9]+ ')",
  },
  {
    apl: "logs | parse path with '/api/' version '/' kind '/' number:long | summarize n = count(), m = max(number) by version, kind",
    sql: "SELECT string_split(path, '/')[3] AS version, string_split(path, '/')[4] AS kind, count(*) AS n, max(string_split(path, '/')[5]::BIGINT) AS m FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | parse kind=regex path with '/api/v[0-9]+/' kind '/[0-9]+$' | project id, kind",
    sql: "SELECT id, string_split(path, '/')[4] AS kind FROM logs",
  },
  {
    apl: "logs | parse-where message with 'request ' number:long ' to ' where_ ' done' | project id, number, where_",
    sql: "SELECT id, id AS number, regexp_extract(message, ' to (.*) done', 1) AS where_ FROM logs WHERE starts_with(message, 'request ')",
  },
  {
    apl: "logs | make-series n = count() on _time from datetime(2026-02-27) to datetime(2026-03-05) step 1d by service | mv-expand n to typeof(long) | summarize total = sum(n) by service",
    sql: "SELECT service, count(*) AS total FROM logs GROUP BY service",
  },
  {
    apl: "logs | where status == 503 | make-series n = count() default = 0 on _time from datetime(2026-02-27) to datetime(2026-03-05) step 1d by service | project service, n",
    sql: `SELECT service, list(n ORDER BY day) AS n FROM (SELECT s.service, day, count(l.id) AS n FROM (SELECT DISTINCT service FROM logs WHERE status = 503) s
      CROSS JOIN (SELECT ${DAYS}) LEFT JOIN logs l ON l.service = s.service AND l.status = 503 AND date_trunc('day', l._time) = day GROUP BY ALL) GROUP BY service`,
  },
  {
    apl: "logs | make-series total = sum(delta) on _time from datetime(2026-02-27) to datetime(2026-03-05) step 1d | project total",
    sql: "SELECT list(t ORDER BY day) AS total FROM (SELECT date_trunc('day', _time) AS day, sum(delta) AS t FROM logs GROUP BY day)",
  },
  {
    apl: "logs | where service == 'db' | make-series m = max(delta) default = -1 on _time from datetime(2026-03-01) to datetime(2026-03-01 12:00) step 1h | project m",
    sql: `SELECT list(m ORDER BY hour) AS m FROM (SELECT hour, coalesce(max(delta), -1) AS m FROM (SELECT unnest(generate_series(TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-01 11:00', INTERVAL 1 HOUR)) AS hour)
      LEFT JOIN logs ON service = 'db' AND date_trunc('hour', _time) = hour GROUP BY hour)`,
  },
  {
    apl: "logs | make-series n = count() on id from 0 to 5000 step 1000 by service | project service, n",
    sql: `SELECT service, list(n ORDER BY b) AS n FROM (SELECT s.service, b, count(l.id) AS n FROM (SELECT DISTINCT service FROM logs) s CROSS JOIN (SELECT unnest(range(5)) AS b)
      LEFT JOIN logs l ON l.service = s.service AND l.id // 1000 = b GROUP BY ALL) GROUP BY service`,
  },
  {
    apl: "teams | project _time, id, service, budget | getschema | project ColumnName, ColumnOrdinal, ColumnType",
    sql: `SELECT * FROM (VALUES ('_time', 0, 'datetime'), ('id', 1, 'long'), ('service', 2, 'string'), ('budget', 3, 'real')) AS t("ColumnName", "ColumnOrdinal", "ColumnType")`,
  },
  {
    apl: "logs | summarize n = count(), a = avg(ms) by service | getschema | project ColumnName, ColumnType",
    sql: `SELECT * FROM (VALUES ('service', 'string'), ('n', 'long'), ('a', 'real')) AS t("ColumnName", "ColumnType")`,
  },
  { apl: "logs | sample 20 | summarize n = count(), d = dcount(id)", sql: "SELECT 20 AS n, 20 AS d" },
  {
    apl: "logs | parse kind=relaxed line with 'user=' who ' action=' what ' code=' code:long ' took=' took_s:real 's' | where isnotnull(code) | summarize n = count(), c = sum(code) by who",
    sql: "SELECT regexp_extract(line, 'user=(.*?) ', 1) AS who, count(*) AS n, sum(regexp_extract(line, 'code=(-?[0-9]+)', 1)::BIGINT) AS c FROM logs WHERE regexp_matches(line, 'code=-?[0-9]') GROUP BY ALL",
  },
  {
    apl: "logs | extend code = extract(@'code=(-?\\d+)', 1, line) | where isnotnull(code) | summarize n = count() by code = toint(code)",
    sql: "SELECT regexp_extract(line, 'code=(-?\\d+)', 1)::BIGINT AS code, count(*) AS n FROM logs WHERE regexp_matches(line, 'code=-?\\d') GROUP BY ALL",
  },
  {
    apl: "logs | where array_length(tags) > 0 | project id, tags | mv-expand tag = tags | summarize back = make_list(tag) by id | project id, n = array_length(back)",
    sql: "SELECT id, len(tags) AS n FROM logs WHERE len(tags) > 0",
  },
  {
    apl: "logs | where array_length(nums) > 0 | project id, nums | mv-expand n = nums | where n > 8.5 | project id, n",
    sql: "SELECT id, n FROM (SELECT id, unnest(nums) AS n FROM logs) WHERE n > 8.5",
  },
  { apl: "logs | where id == 0 | project x = dynamic([[1, 2], [3]]) | mv-expand x | mv-expand x", sql: "SELECT unnest([1, 2, 3]) AS x" },
  {
    apl: "logs | where status == 500 | make-series n = count(), s = avg(delta) default = real(null) on _time from datetime(2026-02-27) to datetime(2026-03-05) step 1d | project n, s",
    sql: "SELECT list(n ORDER BY day) AS n, list(s ORDER BY day) AS s FROM (SELECT date_trunc('day', _time) AS day, count(*) AS n, avg(delta) AS s FROM logs WHERE status = 500 GROUP BY day)",
  },
  {
    apl: "logs | make-series n = count() on _time from datetime(2026-02-27) to datetime(2026-02-28) step 6h | mv-expand n, _time | project t = todatetime(_time), n = tolong(n)",
    sql: "SELECT time_bin(_time, INTERVAL 6 HOUR) AS t, count(*) AS n FROM logs WHERE _time < '2026-02-28' GROUP BY ALL",
  },
  // a text that is no number where one is wanted: nothing of the line fits
  {
    apl: "logs | where id < 300 | parse line with 'user=' who ' action=' what:long ' code=' rest | project id, who, what, rest",
    sql: "SELECT id, NULL AS who, NULL AS what, NULL AS rest FROM logs WHERE id < 300",
  },
  {
    apl: "logs | where id < 300 | parse kind=relaxed line with 'user=' who ' action=' what:long ' code=' rest | summarize n = countif(isnotempty(who)), m = countif(isnotnull(what))",
    sql: `SELECT count(*) FILTER (${FORM}) AS n, 0 AS m FROM logs WHERE id < 300`,
  },
  {
    apl: "logs | where id < 300 | parse url with scheme '://' host '/' rest | project id, scheme, host, rest",
    sql: "SELECT id, regexp_extract(url, '^([a-z]+)://', 1) AS scheme, regexp_extract(url, '://([^/]+)/', 1) AS host, regexp_extract(url, '://[^/]+/(.*)$', 1) AS rest FROM logs WHERE id < 300 AND (url IS NULL OR url LIKE '%://%/%')",
  },
  {
    apl: "print m = 'PipelineScheduler, totalSlices=27, sliceNumber=23, lockTime=02/17/2016' | parse m with * 'totalSlices=' total:long * 'sliceNumber=' slice:long * 'lockTime=' lock | project total, slice, lock",
    sql: "SELECT 27 AS total, 23 AS slice, '02/17/2016' AS lock",
  },
];
