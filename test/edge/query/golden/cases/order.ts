/** `sort`, `top`, `take`: falling unless it says otherwise; nulls last where the order falls, first where it rises. */
import type { Golden } from "../golden.ts";

const ordered = true;

export const ORDER: readonly Golden[] = [
  { apl: "logs | project id | sort by id asc", sql: "SELECT id FROM logs ORDER BY id", ordered },
  { apl: "logs | project id | sort by id", sql: "SELECT id FROM logs ORDER BY id DESC", ordered },
  { apl: "logs | project id | order by id desc", sql: "SELECT id FROM logs ORDER BY id DESC", ordered },
  { apl: "logs | sort by _time asc | project id", sql: "SELECT id FROM logs ORDER BY _time", ordered },
  {
    apl: "logs | sort by temp asc, id asc | project id, temp",
    sql: "SELECT id, temp FROM logs ORDER BY temp ASC NULLS FIRST, id",
    ordered,
  },
  {
    apl: "logs | sort by temp desc, id asc | project id, temp",
    sql: "SELECT id, temp FROM logs ORDER BY temp DESC NULLS LAST, id",
    ordered,
  },
  {
    apl: "logs | sort by temp asc nulls last, id asc | project id, temp",
    sql: "SELECT id, temp FROM logs ORDER BY temp ASC NULLS LAST, id",
    ordered,
  },
  {
    apl: "logs | sort by temp desc nulls first, id asc | project id, temp",
    sql: "SELECT id, temp FROM logs ORDER BY temp DESC NULLS FIRST, id",
    ordered,
  },
  {
    apl: "logs | sort by service asc, id desc | project service, id",
    sql: "SELECT service, id FROM logs ORDER BY service, id DESC",
    ordered,
  },
  {
    apl: "logs | sort by level asc, ok desc, id asc | project level, ok, id",
    sql: "SELECT level, ok, id FROM logs ORDER BY level ASC NULLS FIRST, ok DESC NULLS LAST, id",
    ordered,
  },
  {
    apl: "logs | sort by strlen(path) desc, path asc, id asc | project id, path",
    sql: "SELECT id, path FROM logs ORDER BY length(path) DESC, path, id",
    ordered,
  },
  {
    apl: "logs | sort by abs(delta) asc, delta asc, id asc | project id, delta",
    sql: "SELECT id, delta FROM logs ORDER BY abs(delta), delta, id",
    ordered,
  },
  {
    apl: "logs | sort by geo.city asc, id asc | project id, geo.city",
    sql: 'SELECT id, city AS "geo.city" FROM logs ORDER BY city ASC NULLS FIRST, id',
    ordered,
  },
  {
    apl: "logs | sort by maybe asc, id asc | project id, maybe",
    sql: "SELECT id, maybe FROM logs ORDER BY maybe ASC NULLS FIRST, id",
    ordered,
  },
  { apl: "logs | sort by message asc, id asc | project id, message", sql: "SELECT id, message FROM logs ORDER BY message, id", ordered },
  { apl: "logs | sort by id asc | take 10 | project id", sql: "SELECT id FROM logs WHERE id < 10 ORDER BY id", ordered },
  {
    apl: "logs | sort by ms desc, id asc | limit 25 | project id, ms",
    sql: "SELECT id, ms FROM logs ORDER BY ms DESC NULLS LAST, id LIMIT 25",
    ordered,
  },
  {
    apl: "logs | sort by _time desc | take 5 | sort by _time asc | project _time",
    sql: "SELECT _time FROM (SELECT _time FROM logs ORDER BY _time DESC LIMIT 5) ORDER BY _time",
    ordered,
  },
  {
    apl: "logs | where status == 503 | sort by bytes asc nulls last, id asc | take 50 | project id, bytes",
    sql: "SELECT id, bytes FROM logs WHERE status = 503 ORDER BY bytes NULLS LAST, id LIMIT 50",
    ordered,
  },
  { apl: "logs | top 10 by ms | project id, ms", sql: "SELECT id, ms FROM logs ORDER BY ms DESC NULLS LAST LIMIT 10", ordered },
  { apl: "logs | top 5 by _time asc | project _time, id", sql: "SELECT _time, id FROM logs ORDER BY _time LIMIT 5", ordered },
  { apl: "logs | top 3 by bytes desc | project bytes", sql: "SELECT bytes FROM logs ORDER BY bytes DESC NULLS LAST LIMIT 3", ordered },
  {
    apl: "logs | top 12 by delta desc, id asc | project id, delta",
    sql: "SELECT id, delta FROM logs ORDER BY delta DESC, id LIMIT 12",
    ordered,
  },
  {
    apl: "logs | top 200 by temp asc nulls last | summarize n = count(), m = max(temp)",
    sql: "SELECT count(*) AS n, max(temp) AS m FROM (SELECT temp FROM logs ORDER BY temp ASC NULLS LAST LIMIT 200)",
  },
  { apl: "logs | top 0 by id | count", sql: 'SELECT 0 AS "Count"' },
  {
    apl: "logs | summarize n = count() by word | top 4 by n",
    sql: "SELECT word, count(*) AS n FROM logs GROUP BY word ORDER BY n DESC LIMIT 4",
    ordered,
  },
  {
    apl: "logs | summarize n = count() by service | sort by n asc, service asc",
    sql: "SELECT service, count(*) AS n FROM logs GROUP BY service ORDER BY n, service",
    ordered,
  },
  {
    apl: "logs | summarize m = avg(ms) by host | sort by m desc",
    sql: "SELECT host, avg(ms) AS m FROM logs GROUP BY host ORDER BY m DESC",
    ordered,
  },
  {
    apl: "logs | distinct service | sort by service asc | take 3",
    sql: "SELECT DISTINCT service FROM logs ORDER BY service LIMIT 3",
    ordered,
  },
  { apl: "logs | take 17 | count", sql: 'SELECT 17 AS "Count"' },
  { apl: "logs | where service == 'db' | take 100000 | count", sql: `SELECT count(*) AS "Count" FROM logs WHERE service = 'db'` },
  { apl: "logs | limit 0 | count", sql: 'SELECT 0 AS "Count"' },
  {
    apl: "logs | project id, delta | sort by delta asc, id asc | extend x = id * 2 | take 7 | project x",
    sql: "SELECT id * 2 AS x FROM logs ORDER BY delta, id LIMIT 7",
    ordered,
  },
  { apl: "teams | sort by budget asc | project service", sql: "SELECT service FROM teams ORDER BY budget", ordered },
];
