/** Aggregations whose result is a number or a time. Nulls are passed over; of nothing, counts and sums are 0, and all else is null. */
import type { Golden } from "../golden.ts";

/** `RELATIVE_ERROR` of a percentile of more than 1,024 values; of fewer it is exact. */
const PERCENTILE = 0.005;
/** Three standard errors of `dcount` at its usual accuracy, of more than 1,536 values; of fewer it is exact. */
const DCOUNT = 3 * 0.0081;
/** Digits that are lost where a variance is summed up in another way. */
const VARIANCE = 1e-8;

export const AGGREGATIONS: readonly Golden[] = [
  { apl: "logs | summarize countif(status == 500)", sql: "SELECT count(*) FILTER (status = 500) AS countif_ FROM logs" },
  {
    apl: "logs | summarize n = countif(ok), m = countif(not(ok)), o = countif(isnull(ok)) by service",
    sql: "SELECT service, count(*) FILTER (ok) AS n, count(*) FILTER (NOT ok) AS m, count(*) FILTER (ok IS NULL) AS o FROM logs GROUP BY service",
  },
  { apl: "logs | summarize sum(bytes) by service", sql: "SELECT service, coalesce(sum(bytes), 0) AS sum_bytes FROM logs GROUP BY service" },
  {
    apl: "logs | summarize s = sum(ms), t = sum(temp) by method",
    sql: "SELECT method, sum(ms) AS s, sum(temp) AS t FROM logs GROUP BY method",
  },
  { apl: "logs | summarize s = sum(ms / 1000)", sql: "SELECT sum(ms / 1000) AS s FROM logs" },
  {
    apl: "logs | summarize s = sumif(delta, ok), n = sumif(ms, status >= 500) by service",
    sql: "SELECT service, sum(delta) FILTER (ok) AS s, coalesce(sum(ms) FILTER (status >= 500), 0) AS n FROM logs GROUP BY service",
  },
  { apl: "logs | summarize s = sumif(delta, status == 999)", sql: "SELECT 0 AS s" },
  { apl: "logs | summarize avg(ms) by service", sql: "SELECT service, avg(ms) AS avg_ms FROM logs GROUP BY service" },
  {
    apl: "logs | summarize a = avgif(temp, temp > 0), b = avgif(temp, status == 999) by method",
    sql: "SELECT method, avg(temp) FILTER (temp > 0) AS a, NULL AS b FROM logs GROUP BY method",
  },
  {
    apl: "logs | summarize lag = avg(_sysTime - _time)",
    sql: "SELECT to_microseconds(round(avg(epoch_us(_sysTime) - epoch_us(_time)))::BIGINT) AS lag FROM logs",
  },
  {
    apl: "logs | summarize lag = sum(_sysTime - _time), m = max(_sysTime - _time) by service",
    sql: "SELECT service, to_microseconds(sum(epoch_us(_sysTime) - epoch_us(_time))::BIGINT) AS lag, max(_sysTime - _time) AS m FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize min(ms), max(ms) by service",
    sql: "SELECT service, min(ms) AS min_ms, max(ms) AS max_ms FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize min(_time), max(_time), min(_sysTime)",
    sql: "SELECT min(_time) AS min__time, max(_time) AS max__time, min(_sysTime) AS min__sysTime FROM logs",
  },
  {
    apl: "logs | summarize a = min(service), b = max(service), c = min(message), d = max(word)",
    sql: "SELECT min(service) AS a, max(service) AS b, min(message) AS c, max(word) AS d FROM logs",
  },
  {
    apl: "logs | summarize a = minif(temp, ok), b = maxif(delta, status == 404) by service",
    sql: "SELECT service, min(temp) FILTER (ok) AS a, max(delta) FILTER (status = 404) AS b FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize dcount(service), dcount(status), dcount(host), dcount(user.id)",
    sql: 'SELECT count(DISTINCT service) AS dcount_service, count(DISTINCT status) AS dcount_status, count(DISTINCT host) AS dcount_host, count(DISTINCT user_id) AS "dcount_user.id" FROM logs',
  },
  { apl: "logs | summarize d = dcount(path) by service", sql: "SELECT service, count(DISTINCT path) AS d FROM logs GROUP BY service" },
  { apl: "logs | summarize d = dcount(trace)", sql: "SELECT count(DISTINCT trace) AS d FROM logs", tolerance: DCOUNT },
  {
    apl: "logs | summarize d = dcount(_time), e = dcount(ms)",
    sql: "SELECT count(DISTINCT _time) AS d, count(DISTINCT ms) AS e FROM logs",
    tolerance: DCOUNT,
  },
  {
    apl: "logs | summarize d = dcountif(host, status >= 500), e = dcountif(word, ok) by service",
    sql: "SELECT service, count(DISTINCT host) FILTER (status >= 500) AS d, count(DISTINCT word) FILTER (ok) AS e FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize stdev(delta), variance(delta)",
    sql: "SELECT stddev_samp(delta) AS stdev_delta, var_samp(delta) AS variance_delta FROM logs",
    tolerance: VARIANCE,
  },
  {
    apl: "logs | summarize s = stdev(ms), v = variance(temp) by service",
    sql: "SELECT service, stddev_samp(ms) AS s, var_samp(temp) AS v FROM logs GROUP BY service",
    tolerance: VARIANCE,
  },
  {
    apl: "logs | summarize s = stdevif(ms, ok), v = varianceif(delta, delta > 0)",
    sql: "SELECT stddev_samp(ms) FILTER (ok) AS s, var_samp(delta) FILTER (delta > 0) AS v FROM logs",
    tolerance: VARIANCE,
  },
  {
    apl: "logs | summarize s = stdevp(ms), v = variancep(delta)",
    sql: "SELECT stddev_pop(ms) AS s, var_pop(delta) AS v FROM logs",
    tolerance: VARIANCE,
  },
  { apl: "logs | where id == 5 | summarize s = stdev(delta), v = variance(delta)", sql: "SELECT 0 AS s, 0 AS v" },
  {
    apl: "logs | summarize percentile(ms, 95)",
    sql: "SELECT at_percent(list(ms) FILTER (ms IS NOT NULL), 95) AS percentile_ms_95 FROM logs",
    tolerance: PERCENTILE,
  },
  {
    apl: "logs | summarize p = percentile(ms, 50) by service",
    sql: "SELECT service, at_percent(list(ms) FILTER (ms IS NOT NULL), 50) AS p FROM logs GROUP BY service",
    tolerance: PERCENTILE,
  },
  {
    apl: "logs | summarize p = percentile(ms, 90) by host, method",
    sql: "SELECT host, method, at_percent(list(ms) FILTER (ms IS NOT NULL), 90) AS p FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize a = percentile(ms, 0), b = percentile(ms, 100) by host",
    sql: "SELECT host, min(ms) AS a, max(ms) AS b FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize p = percentileif(delta, 75, ok) by host",
    sql: "SELECT host, at_percent(list(delta) FILTER (ok), 75) AS p FROM logs GROUP BY host",
  },
  {
    apl: "logs | summarize percentiles(ms, 50, 99) by host",
    sql: "SELECT host, at_percent(list(ms) FILTER (ms IS NOT NULL), 50) AS percentile_ms_50, at_percent(list(ms) FILTER (ms IS NOT NULL), 99) AS percentile_ms_99 FROM logs GROUP BY host",
  },
  {
    apl: "logs | summarize p = percentiles_array(ms, 5, 50, 99.9)",
    sql: "SELECT [at_percent(l, 5), at_percent(l, 50), at_percent(l, 99.9)] AS p FROM (SELECT list(ms) FILTER (ms IS NOT NULL) AS l FROM logs)",
    tolerance: PERCENTILE,
  },
  {
    apl: "logs | summarize p = percentiles_array(delta, dynamic([25, 75])) by host",
    sql: "SELECT host, [at_percent(list(delta), 25), at_percent(list(delta), 75)] AS p FROM logs GROUP BY host",
  },
  {
    apl: "logs | summarize p = percentiles_arrayif(delta, dynamic([10, 90]), ok) by host",
    sql: "SELECT host, [at_percent(list(delta) FILTER (ok), 10), at_percent(list(delta) FILTER (ok), 90)] AS p FROM logs GROUP BY host",
  },
  {
    apl: "logs | summarize r = rate(delta) by bin(_time, 1h)",
    sql: "SELECT date_trunc('hour', _time) AS _time, sum(delta) / 3600.0 AS r FROM logs GROUP BY ALL",
  },
  {
    apl: "logs | summarize n = count(*), d = count_distinct(service)",
    sql: "SELECT count(*) AS n, count(DISTINCT service) AS d FROM logs",
  },
  {
    apl: "logs | summarize p = percentile(totimespan(took), 50), m = max(totimespan(took))",
    sql: "SELECT to_microseconds(at_percent(list(took_us), 50)) AS p, max(took_length) AS m FROM logs",
    tolerance: PERCENTILE,
  },
  {
    apl: "logs | where id < 1000 | summarize p = percentile(_time, 50)",
    sql: "SELECT make_timestamp(at_percent(list(epoch_us(_time)), 50)) AS p FROM logs WHERE id < 1000",
  },
  {
    apl: "logs | summarize a = avg(todatetime(started))",
    sql: "SELECT make_timestamp(round(avg(epoch_us(started_time)))::BIGINT) AS a FROM logs",
  },
  {
    apl: "logs | summarize n = count(), s = sum(status), a = avg(status), d = dcount(level) by ok, method",
    sql: "SELECT ok, method, count(*) AS n, sum(status) AS s, avg(status) AS a, count(DISTINCT level) AS d FROM logs GROUP BY ALL",
  },
  { apl: "logs | summarize a = sum(toint(ok)), b = avg(toint(ok))", sql: "SELECT sum(ok::INT) AS a, avg(ok::INT) AS b FROM logs" },
  {
    apl: "logs | summarize s = sum(array_length(tags)), m = max(array_sum(nums))",
    sql: "SELECT sum(len(tags)) AS s, max(list_sum(nums)) AS m FROM logs",
  },
  { apl: "logs | summarize min(ok), max(ok)", sql: "SELECT min(ok) AS min_ok, max(ok) AS max_ok FROM logs" },
  {
    apl: "logs | summarize a = min(_time) by service | summarize b = max(a)",
    sql: "SELECT max(a) AS b FROM (SELECT min(_time) AS a FROM logs GROUP BY service)",
  },
  {
    apl: "logs | summarize s = sum(delta * 1s), t = avg(delta * 1ms)",
    sql: "SELECT to_seconds(sum(delta)::BIGINT) AS s, to_microseconds(round(avg(delta) * 1000)::BIGINT) AS t FROM logs",
  },
  {
    apl: "logs | summarize x = countif(temp > 0), y = countif(not(temp > 0)), z = countif(isnull(temp))",
    sql: "SELECT count(*) FILTER (temp > 0) AS x, count(*) FILTER (temp <= 0) AS y, count(*) FILTER (temp IS NULL) AS z FROM logs",
  },
  {
    apl: "logs | summarize p = round(percentile(delta, 50), 0), q = strcat('n=', count()) by host",
    sql: "SELECT host, at_percent(list(delta), 50) AS p, 'n=' || count(*) AS q FROM logs GROUP BY host",
  },
  {
    apl: "logs | summarize s = sum(nums[0]), m = max(items[0].qty), d = dcount(tags[0])",
    sql: "SELECT sum(nums[1]) AS s, max(items[1].qty) AS m, count(DISTINCT tags[1]) AS d FROM logs",
  },
  {
    apl: "logs | summarize d = dcount(strcat(service, method, status))",
    sql: "SELECT count(DISTINCT service || method || coalesce(status::VARCHAR, '')) AS d FROM logs",
  },
];
