/** `summarize … by …`, `bin`, `count`, `distinct`: groups, their keys and the names of columns. */
import type { Golden } from "../golden.ts";

export const GROUPING: readonly Golden[] = [
  { apl: "logs | count", sql: 'SELECT count(*) AS "Count" FROM logs' },
  { apl: "logs | where id < 0 | count", sql: 'SELECT 0 AS "Count"' },
  { apl: "logs | summarize count()", sql: "SELECT count(*) AS count_ FROM logs" },
  { apl: "logs | summarize n = count()", sql: "SELECT count(*) AS n FROM logs" },
  { apl: "logs | summarize count() by service", sql: "SELECT service, count(*) AS count_ FROM logs GROUP BY service" },
  { apl: "logs | summarize count() by level", sql: "SELECT level, count(*) AS count_ FROM logs GROUP BY level" },
  { apl: "logs | summarize count() by service, status", sql: "SELECT service, status, count(*) AS count_ FROM logs GROUP BY ALL" },
  { apl: "logs | summarize count() by ok", sql: "SELECT ok, count(*) AS count_ FROM logs GROUP BY ok" },
  { apl: "logs | summarize count() by temp", sql: "SELECT temp, count(*) AS count_ FROM logs GROUP BY temp" },
  { apl: "logs | summarize count() by maybe", sql: "SELECT maybe, count(*) AS count_ FROM logs GROUP BY maybe" },
  {
    apl: "logs | summarize count() by geo.country, geo.city",
    sql: 'SELECT country AS "geo.country", city AS "geo.city", count(*) AS count_ FROM logs GROUP BY ALL',
  },
  { apl: "logs | summarize count() by ['odd name']", sql: 'SELECT odd AS "odd name", count(*) AS count_ FROM logs GROUP BY odd' },
  { apl: "logs | summarize count() by tags", sql: "SELECT tags, count(*) AS count_ FROM logs GROUP BY tags" },
  {
    apl: "logs | summarize count() by upper_ = toupper(method)",
    sql: "SELECT method AS upper_, count(*) AS count_ FROM logs GROUP BY method",
  },
  {
    apl: "logs | summarize count() by is_bad = status >= 500",
    sql: "SELECT status >= 500 AS is_bad, count(*) AS count_ FROM logs GROUP BY ALL",
  },
  { apl: "logs | summarize by service", sql: "SELECT DISTINCT service FROM logs" },
  { apl: "logs | summarize by service, method", sql: "SELECT DISTINCT service, method FROM logs" },
  {
    apl: "logs | summarize count() by bin(_time, 1h)",
    sql: "SELECT date_trunc('hour', _time) AS _time, count(*) AS count_ FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by bin(_time, 1d), service",
    sql: "SELECT date_trunc('day', _time) AS _time, service, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by bin(_time, 7d)",
    sql: "SELECT date_trunc('week', _time) AS _time, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by bin(_time, 7m)",
    sql: "SELECT time_bin(_time, INTERVAL 7 MINUTE) AS _time, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by slot = bin(_time, 5h)",
    sql: "SELECT time_bin(_time, INTERVAL 5 HOUR) AS slot, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by bin(_time, 30s) | summarize most = max(n)",
    sql: "SELECT max(n) AS most FROM (SELECT count(*) AS n FROM logs GROUP BY time_bin(_time, INTERVAL 30 SECOND))",
  },
  {
    apl: "logs | summarize n = count() by bin(delta, 100)",
    sql: "SELECT bin_of(delta, 100) AS delta, count(*) AS n FROM logs GROUP BY ALL",
  },
  { apl: "logs | summarize n = count() by b = bin(temp, 2.5)", sql: "SELECT bin_of(temp, 2.5) AS b, count(*) AS n FROM logs GROUP BY ALL" },
  {
    apl: "logs | summarize n = count() by hour = hourofday(_time)",
    sql: "SELECT hour(_time) AS hour, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by day = startofday(_time) | sort by day asc",
    sql: "SELECT date_trunc('day', _time) AS day, count(*) AS n FROM logs GROUP BY ALL ORDER BY day",
    ordered: true,
  },
  {
    apl: "logs | summarize a = count(), b = sum(delta), c = avg(ms) by service, ok",
    sql: "SELECT service, ok, count(*) AS a, sum(delta) AS b, avg(ms) AS c FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize rate_ = 100.0 * countif(status >= 500) / count() by service",
    sql: "SELECT service, 100.0 * count(*) FILTER (status >= 500) / count(*) AS rate_ FROM logs GROUP BY service",
  },
  { apl: "logs | summarize max(delta) - min(delta)", sql: 'SELECT max(delta) - min(delta) AS "Column1" FROM logs' },
  {
    apl: "logs | summarize n = count() by service | where n > 500",
    sql: "SELECT service, count(*) AS n FROM logs GROUP BY service HAVING count(*) > 500",
  },
  {
    apl: "logs | summarize n = count() by service, host | summarize hosts = count(), events = sum(n) by service",
    sql: "SELECT service, count(DISTINCT coalesce(host, '-')) AS hosts, count(*) AS events FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize n = count() by service | extend share = n * 100.0 / 5000 | project service, share",
    sql: "SELECT service, count(*) * 100.0 / 5000 AS share FROM logs GROUP BY service",
  },
  {
    apl: "logs | where id < 0 | summarize count() by service",
    sql: "SELECT service, count(*) AS count_ FROM logs WHERE id < 0 GROUP BY service",
    isEmpty: true,
  },
  {
    apl: "logs | where id < 0 | summarize n = count(), s = sum(delta), a = avg(delta), m = max(delta), d = dcount(delta)",
    sql: "SELECT 0 AS n, 0 AS s, NULL AS a, NULL AS m, 0 AS d",
  },
  {
    apl: "logs | summarize sum(delta), avg(delta), min(delta), max(delta)",
    sql: "SELECT sum(delta) AS sum_delta, avg(delta) AS avg_delta, min(delta) AS min_delta, max(delta) AS max_delta FROM logs",
  },
  {
    apl: "logs | summarize max(geo.loc.lat), dcount(user.id)",
    sql: 'SELECT max(lat) AS "max_geo.loc.lat", count(DISTINCT user_id) AS "dcount_user.id" FROM logs',
  },
  { apl: "logs | distinct service", sql: "SELECT DISTINCT service FROM logs" },
  { apl: "logs | distinct service, ok", sql: "SELECT DISTINCT service, ok FROM logs" },
  { apl: "logs | distinct geo.country", sql: 'SELECT DISTINCT country AS "geo.country" FROM logs' },
  { apl: "logs | project service, method | distinct *", sql: "SELECT DISTINCT service, method FROM logs" },
  { apl: "logs | distinct maybe, level", sql: "SELECT DISTINCT maybe, level FROM logs" },
  { apl: "logs | distinct path | count", sql: 'SELECT count(DISTINCT path) AS "Count" FROM logs' },
  {
    apl: "logs | where status == 500 | distinct host | summarize hosts = count()",
    sql: "SELECT count(*) AS hosts FROM (SELECT DISTINCT host FROM logs WHERE status = 500)",
  },
  { apl: "logs | summarize n = count() by temp > 0", sql: 'SELECT temp > 0 AS "Column1", count(*) AS n FROM logs GROUP BY ALL' },
  {
    apl: "logs | summarize n = count() by kind = case(status >= 500, 'bad', isnull(status), 'none', 'good'), ok",
    sql: "SELECT CASE WHEN status >= 500 THEN 'bad' WHEN status IS NULL THEN 'none' ELSE 'good' END AS kind, ok, count(*) AS n FROM logs GROUP BY ALL",
  },
  { apl: "logs | summarize n = count() by t = totimespan(took)", sql: "SELECT took_length AS t, count(*) AS n FROM logs GROUP BY ALL" },
  { apl: "logs | summarize n = count() by d = todatetime(started)", sql: "SELECT started_time AS d, count(*) AS n FROM logs GROUP BY ALL" },
  {
    apl: "logs | summarize n = count() by t = bin(_sysTime - _time, 1s)",
    sql: "SELECT to_seconds(bin_of(epoch_us(_sysTime) - epoch_us(_time), 1000000)::BIGINT // 1000000) AS t, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by w = startofweek(_time), m = monthofyear(_time)",
    sql: "SELECT date_trunc('day', _time) - to_days(dayofweek(_time)::INTEGER) AS w, month(_time) AS m, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count() by tag = tostring(tags[0])",
    sql: "SELECT coalesce(tags[1], '') AS tag, count(*) AS n FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count(), e = countif(status >= 500) by bin(_time, 6h) | extend share = todouble(e) / n | project _time, share",
    sql: "SELECT time_bin(_time, INTERVAL 6 HOUR) AS _time, count(*) FILTER (status >= 500)::DOUBLE / count(*) AS share FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | extend half = iff(id < 2500, 'first', 'second') | summarize s = sum(delta) by half | summarize max(s), min(s)",
    sql: "SELECT max(s) AS max_s, min(s) AS min_s FROM (SELECT sum(delta) AS s FROM logs GROUP BY id < 2500)",
  },
  { apl: "logs | summarize count(), count() by ok", sql: "SELECT ok, count(*) AS count_, count(*) AS count_1 FROM logs GROUP BY ok" },
  // its step is its own affair; that every event is in one bin is not
  {
    apl: "logs | summarize n = count() by bin_auto(_time) | summarize s = sum(n), first = min(_time)  | project s, early = first <= datetime(2026-02-27 00:02)",
    sql: "SELECT 5000 AS s, true AS early",
  },
  {
    apl: "logs | summarize n = count() by bin(_time, 1h) | sort by n desc, _time asc | take 3",
    sql: "SELECT date_trunc('hour', _time) AS _time, count(*) AS n FROM logs GROUP BY ALL ORDER BY n DESC, _time LIMIT 3",
    ordered: true,
  },
];
