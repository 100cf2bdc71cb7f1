/** `extend`, `project` and its family, `print`, `let` and comments: which columns there are, and what stands in them. */
import type { Golden } from "../golden.ts";

export const COLUMNS: readonly Golden[] = [
  { apl: "logs | project id, service", sql: "SELECT id, service FROM logs" },
  { apl: "logs | project service, id, host, nowhere", sql: "SELECT service, id, host, NULL AS nowhere FROM logs" },
  { apl: "logs | project id, twice = delta * 2, sum = delta + temp", sql: "SELECT id, delta * 2 AS twice, delta + temp AS sum FROM logs" },
  { apl: "logs | project id, _time, lag = _sysTime - _time", sql: "SELECT id, _time, _sysTime - _time AS lag FROM logs" },
  { apl: "logs | project id, geo.city, geo.loc.lat", sql: 'SELECT id, city AS "geo.city", lat AS "geo.loc.lat" FROM logs' },
  { apl: "logs | project id, city = geo.city", sql: "SELECT id, city FROM logs" },
  { apl: "logs | project id, ['odd name'], ['http.route']", sql: 'SELECT id, odd AS "odd name", route AS "http.route" FROM logs' },
  { apl: "logs | project id, user.name, user.id", sql: 'SELECT id, user_name AS "user.name", user_id AS "user.id" FROM logs' },
  { apl: "logs | project id, ok, status, temp, bytes", sql: "SELECT id, ok, status, temp, bytes FROM logs" },
  { apl: "logs | project id, message, maybe", sql: "SELECT id, message, maybe FROM logs" },
  { apl: "logs | project id, tags, nums, items", sql: "SELECT id, tags, nums, items FROM logs" },
  { apl: "logs | project id, strcat(service, '!')", sql: `SELECT id, service || '!' AS "Column2" FROM logs` },
  { apl: "logs | project id, delta + 1, delta - 1", sql: 'SELECT id, delta + 1 AS "Column2", delta - 1 AS "Column3" FROM logs' },
  { apl: "logs | extend a = delta | extend b = a * a | project id, b", sql: "SELECT id, delta * delta AS b FROM logs" },
  { apl: "logs | extend service = toupper(service) | project id, service", sql: "SELECT id, upper(service) AS service FROM logs" },
  {
    apl: "logs | extend a = 1, b = 'two', c = true, d = 2.5 | project id, a, b, c, d",
    sql: "SELECT id, 1 AS a, 'two' AS b, true AS c, 2.5 AS d FROM logs",
  },
  {
    apl: "logs | project id, delta | extend sign = iff(delta < 0, 'minus', 'plus')",
    sql: "SELECT id, delta, CASE WHEN delta < 0 THEN 'minus' ELSE 'plus' END AS sign FROM logs",
  },
  {
    apl: "logs | extend host = service, service = 'x' | project id, host, service",
    sql: "SELECT id, service AS host, 'x' AS service FROM logs",
  },
  { apl: "logs | project id, a = delta, b = temp, c = ok | project-away b", sql: "SELECT id, delta AS a, ok AS c FROM logs" },
  { apl: "logs | project id, ax = delta, ay = temp, b = ok | project-away a*", sql: "SELECT id, ok AS b FROM logs" },
  { apl: "logs | project id, ax = delta, b = ok, ay = temp | project-keep a*", sql: "SELECT delta AS ax, temp AS ay FROM logs" },
  { apl: "logs | project-keep id, service", sql: "SELECT id, service FROM logs" },
  { apl: "logs | project id, a = delta | project-rename b = a", sql: "SELECT id, delta AS b FROM logs" },
  { apl: "logs | project id, a = delta, c = ok | project-rename b = a, d = c", sql: "SELECT id, delta AS b, ok AS d FROM logs" },
  { apl: "logs | project-rename place = geo.city | project id, place", sql: "SELECT id, city AS place FROM logs" },
  { apl: "logs | project z = id, b = delta, a = ok | project-reorder a", sql: "SELECT ok AS a, id AS z, delta AS b FROM logs" },
  {
    apl: "logs | project z = id, b1 = delta, b3 = ok, b2 = temp | project-reorder b* asc",
    sql: "SELECT delta AS b1, temp AS b2, ok AS b3, id AS z FROM logs",
  },
  {
    apl: "logs | project z = id, b1 = delta, b3 = ok, b2 = temp | project-reorder b* desc",
    sql: "SELECT ok AS b3, temp AS b2, delta AS b1, id AS z FROM logs",
  },
  { apl: "logs | project x = status < 300, id", sql: "SELECT status < 300 AS x, id FROM logs" },
  {
    apl: "logs | project id, x = status == 200, y = status != 200",
    sql: "SELECT id, status IS NOT DISTINCT FROM 200 AS x, status IS DISTINCT FROM 200 AS y FROM logs",
  },
  {
    apl: "logs | project id, x = ok and delta > 0, y = ok or delta > 0",
    sql: "SELECT id, coalesce(ok AND delta > 0, false) AS x, coalesce(ok OR delta > 0, false) AS y FROM logs",
  },
  {
    apl: "logs | project id, x = level contains 'err', y = level in ('info')",
    sql: "SELECT id, holds(level, 'err') AS x, coalesce(level = 'info', false) AS y FROM logs",
  },
  { apl: "teams", sql: "SELECT _time, _sysTime, budget, id, service, team, tier FROM teams" },
  {
    apl: "['teams'] | extend full = strcat(team, ' of ', service)",
    sql: "SELECT _time, _sysTime, budget, id, service, team, tier, team || ' of ' || service AS full FROM teams",
  },
  { apl: "teams | project-away _*, budget", sql: "SELECT id, service, team, tier FROM teams" },
  { apl: "deploys | project-away _sysTime, _time", sql: "SELECT good, host, service, size, version FROM deploys" },
  { apl: "print 1 + 2", sql: "SELECT 3 AS print_0" },
  {
    apl: "print a = 'x', b = 2.5, c = true, d = datetime(2026-01-02), e = 90m",
    sql: "SELECT 'x' AS a, 2.5 AS b, true AS c, TIMESTAMP '2026-01-02' AS d, INTERVAL 90 MINUTE AS e",
  },
  { apl: "print a = dynamic([1, 'b', {'c': null}])", sql: `SELECT '[1,"b",{"c":null}]'::JSON AS a` },
  { apl: "print a = long(null), b = real(1), c = int(7), d = bool(false)", sql: "SELECT NULL AS a, 1 AS b, 7 AS c, false AS d" },
  { apl: "print 0x1F, 1e3, -5, 1.5e-2", sql: "SELECT 31 AS print_0, 1000 AS print_1, -5 AS print_2, 0.015 AS print_3" },
  {
    apl: "print 'a\\tb\\\\\\'\\u00e9', @'a\\tb''c', h'secret'",
    sql: "SELECT 'a' || chr(9) || 'b\\''é' AS print_0, 'a\\tb''c' AS print_1, 'secret' AS print_2",
  },
  {
    apl: "print 1s, 2.5h, 10ms, 3us, time(1.02:03:04.5), timespan(00:00:01)",
    sql: `SELECT INTERVAL 1 SECOND AS print_0, INTERVAL 150 MINUTE AS print_1, INTERVAL 10 MILLISECOND AS print_2, INTERVAL 3 MICROSECOND AS print_3,
      to_microseconds(93784500000) AS print_4, INTERVAL 1 SECOND AS print_5`,
  },
  {
    apl: "print 7 / 2, -7 / 2, 7.0 / 2, 7 % 3, -7 % 3, 7.5 % 2, 1 / 0",
    sql: "SELECT 3 AS print_0, -3 AS print_1, 3.5 AS print_2, 1 AS print_3, 2 AS print_4, 1.5 AS print_5, NULL AS print_6",
  },
  {
    apl: "print 1 + 2 * 3 - 4 / 2, (1 + 2) * 3, 2 * -3, not(true or false) and false",
    sql: "SELECT 5 AS print_0, 9 AS print_1, -6 AS print_2, false AS print_3",
  },
  {
    apl: "print 1h + 30m, 1h * 2, 1h / 30m, datetime(2026-03-01) - 1d, datetime(2026-03-01) - datetime(2026-02-01)",
    sql: `SELECT INTERVAL 90 MINUTE AS print_0, INTERVAL 2 HOUR AS print_1, 2 AS print_2, TIMESTAMP '2026-02-28' AS print_3, INTERVAL 28 DAY AS print_4`,
  },
  { apl: "let least = 490; logs | where delta > least | project id", sql: "SELECT id FROM logs WHERE delta > 490" },
  {
    apl: "let a = 2; let b = a * 3; let word_ = 'mu'; logs | where word == word_ | project id, x = b + delta",
    sql: "SELECT id, 6 + delta AS x FROM logs WHERE word = 'mu'",
  },
  {
    apl: "let since = ago(30h); logs | where _time > since | count",
    sql: `SELECT count(*) AS "Count" FROM logs WHERE _time > TIMESTAMP '2026-03-04 18:00'`,
  },
  {
    apl: "let bad = logs | where status >= 500; bad | summarize n = count() by service",
    sql: "SELECT service, count(*) AS n FROM logs WHERE status >= 500 GROUP BY service",
  },
  {
    apl: "let wanted = dynamic(['api', 'db']); logs | where service in (wanted) | count",
    sql: `SELECT count(*) AS "Count" FROM logs WHERE service IN ('api', 'db')`,
  },
  {
    apl: "// of all\nlogs // the events\n| where status == 500 // failed\n// and so on\n| count // them",
    sql: `SELECT count(*) AS "Count" FROM logs WHERE status = 500`,
  },
  { apl: "logs | where message contains '// no comment' or id == 3 | project id", sql: "SELECT id FROM logs WHERE id = 3" },
  { apl: "  \n logs\n\t|where(id<3)|project id;\n", sql: "SELECT id FROM logs WHERE id < 3" },
  {
    apl: "logs | project-keep geo*, id",
    sql: 'SELECT NULL AS geo, city AS "geo.city", country AS "geo.country", lat AS "geo.loc.lat", lon AS "geo.loc.lon", id FROM logs',
  },
  { apl: "teams | project-reorder team, id", sql: "SELECT team, id, _time, _sysTime, budget, service, tier FROM teams" },
  {
    apl: "teams | project service, tier, team | project-rename squad = team",
    sql: "SELECT service, tier, team AS squad FROM teams",
  },
  {
    apl: "teams | extend team = strcat(team, '!') | project-away _time, _sysTime, budget, id",
    sql: "SELECT service, tier, team || '!' AS team FROM teams",
  },
  { apl: "logs | extend geo.city = toupper(geo.city) | project id, geo.city", sql: 'SELECT id, upper(city) AS "geo.city" FROM logs' },
  { apl: "logs | extend d = bag_pack('a', bag_pack('b', id)) | project id, x = d.a.b", sql: "SELECT id, id AS x FROM logs" },
  {
    apl: "logs | project id, x = started < _time, y = started == datetime(2026-03-31)",
    sql: "SELECT id, started_time < _time AS x, started_time IS NOT DISTINCT FROM '2026-03-31' AS y FROM logs",
  },
  { apl: "let f = 2.5; let g = f * 2; print f, g, x = f + g", sql: "SELECT 2.5 AS f, 5.0 AS g, 7.5 AS x" },
  // what an item computes with is what was there before the operator
  { apl: "logs | project a = delta, b = id | project a = b, b = a", sql: "SELECT id AS a, delta AS b FROM logs" },
  { apl: "logs | project-rename delta = id, id = delta | project id, delta", sql: "SELECT delta AS id, id AS delta FROM logs" },
];
