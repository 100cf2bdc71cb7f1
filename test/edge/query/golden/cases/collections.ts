/** Aggregations whose result is an array, an object or of a row: `topk`, `histogram`, `make_list` and its like, `arg_max` and its like. */
import type { Golden } from "../golden.ts";

/** Of counts that are read off a distribution of more than 1,024 values. */
const PERCENTILE = 0.005;

export const COLLECTIONS: readonly Golden[] = [
  {
    apl: "logs | summarize t = topk(word, 3)",
    sql: "SELECT list({'key': word, 'count': n, 'error': 0} ORDER BY n DESC) AS t FROM (SELECT word, count(*) AS n FROM logs GROUP BY word ORDER BY n DESC LIMIT 3)",
  },
  {
    apl: "logs | summarize t = topk(service, 2) by method",
    sql: `SELECT method, list({'key': service, 'count': n, 'error': 0} ORDER BY n DESC) AS t FROM (SELECT method, service, count(*) AS n,
      row_number() OVER (PARTITION BY method ORDER BY count(*) DESC) AS r FROM logs GROUP BY method, service) WHERE r <= 2 GROUP BY method`,
  },
  {
    apl: "logs | summarize t = topkif(status, 1, status < 300)",
    sql: "SELECT [{'key': 200, 'count': count(*), 'error': 0}] AS t FROM logs WHERE status = 200",
  },
  {
    apl: "logs | where id < 1000 | summarize h = histogram(delta, 10)",
    sql: `SELECT list({'from': low + b * width, 'to': low + (b + 1) * width, 'count': n} ORDER BY b) AS h FROM
      (SELECT low, width, least(floor((delta - low) / width), 9) AS b, count(*) AS n FROM logs,
        (SELECT min(delta) AS low, (max(delta) - min(delta)) / 10.0 AS width FROM logs WHERE id < 1000) WHERE id < 1000 GROUP BY ALL)`,
  },
  {
    apl: "logs | summarize h = histogramif(delta, 4, delta >= -500 and id < 1000) by ok",
    sql: `SELECT ok, list({'from': low + b * width, 'to': low + (b + 1) * width, 'count': n} ORDER BY b) AS h FROM
      (SELECT ok, low, width, least(floor((delta - low) / width), 3) AS b, count(*) AS n FROM logs,
        (SELECT min(delta) AS low, (max(delta) - min(delta)) / 4.0 AS width FROM logs WHERE id < 1000) WHERE id < 1000 GROUP BY ALL) GROUP BY ok`,
  },
  // of more values than are kept one by one, it is an estimate
  {
    apl: "logs | summarize h = histogram(delta, 2)",
    sql: "SELECT [{'from': -500, 'to': 0, 'count': count(*) FILTER (delta < 0)}, {'from': 0, 'to': 500, 'count': count(*) FILTER (delta >= 0)}] AS h FROM logs",
    tolerance: PERCENTILE,
  },
  {
    apl: "logs | where id < 40 | sort by id asc | summarize make_list(status)",
    sql: "SELECT list(status ORDER BY id) FILTER (status IS NOT NULL) AS list_status FROM logs WHERE id < 40",
  },
  {
    apl: "logs | where id < 200 | summarize l = make_list(id) by service | project service, l = array_sort_asc(l)",
    sql: "SELECT service, list_sort(list(id)) AS l FROM logs WHERE id < 200 GROUP BY service",
  },
  { apl: "logs | summarize l = make_list(status, 7) | project n = array_length(l)", sql: "SELECT 7 AS n" },
  {
    apl: "logs | summarize l = make_list_if(temp, temp > 39.5) by service | project service, l = array_sort_desc(l)",
    sql: "SELECT service, list_reverse_sort(coalesce(list(temp) FILTER (temp > 39.5), [])) AS l FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize s = make_set(status) by service | project service, s = array_sort_asc(s)",
    sql: "SELECT service, list_sort(list(DISTINCT status) FILTER (status IS NOT NULL)) AS s FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize s = make_set_if(word, status == 503) | project s = array_sort_asc(s)",
    sql: "SELECT list_sort(list(DISTINCT word) FILTER (status = 503)) AS s FROM logs",
  },
  { apl: "logs | where isnull(temp) | summarize make_list(temp), make_set(temp)", sql: "SELECT [] AS list_temp, [] AS set_temp" },
  { apl: "logs | summarize arg_max(ms, id)", sql: "SELECT max(ms) AS ms, arg_max(id, ms) AS id FROM logs" },
  {
    apl: "logs | summarize arg_max(_time, id, status) by service",
    sql: "SELECT service, max(_time) AS _time, arg_max(id, _time) AS id, arg_max_null(status, _time) AS status FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize arg_min(ms, id, ok) by service",
    sql: "SELECT service, min(ms) AS ms, arg_min(id, ms) AS id, arg_min_null(ok, ms) AS ok FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize last = arg_max(_time, host) by service",
    sql: "SELECT service, max(_time) AS last, arg_max_null(host, _time) AS host FROM logs GROUP BY service",
  },
  {
    apl: "logs | summarize arg_max(_time, *) by service | project service, _time, id, temp",
    sql: "SELECT service, _time, id, temp FROM logs QUALIFY row_number() OVER (PARTITION BY service ORDER BY _time DESC) = 1",
  },
  { apl: "logs | where service == 'db' | summarize l = take_any(service)", sql: "SELECT 'db' AS l" },
  {
    apl: "logs | summarize b = make_bag(bag_pack(service, 1)) | project n = array_length(bag_keys(b))",
    sql: "SELECT count(DISTINCT service) AS n FROM logs",
  },
  { apl: "logs | where id < 500 | sort by id desc | summarize l = make_list(id, 5)", sql: "SELECT [499, 498, 497, 496, 495] AS l" },
  { apl: "logs | summarize s = make_set(word, 3) | project n = array_length(s)", sql: "SELECT 3 AS n" },
  { apl: "logs | summarize l = make_list(tags) | project n = array_length(l)", sql: "SELECT count(tags) AS n FROM logs" },
  { apl: "logs | summarize arg_max(temp, id) by host | project host, temp", sql: "SELECT host, max(temp) AS temp FROM logs GROUP BY host" },
  {
    apl: "logs | sort by id desc | summarize make_list_if(id, id < 3), make_set_if(service, service == 'db'), dcountif(word, false)",
    sql: "SELECT [2, 1, 0] AS list_id, ['db'] AS set_service, 0 AS dcountif_word",
  },
];
