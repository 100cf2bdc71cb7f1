/** Several tables: `join`, `union`; and `search`, which looks into all columns. */
import type { Golden } from "../golden.ts";

export const TABLES: readonly Golden[] = [
  {
    apl: "logs | project id, service | join kind=inner (teams | project service, team) on service | project id, team",
    sql: "SELECT l.id, t.team FROM logs l JOIN teams t USING (service)",
  },
  {
    apl: "logs | project id, service | join kind=inner (teams | project service, team) on service",
    sql: "SELECT l.id, l.service, t.service AS service1, t.team FROM logs l JOIN teams t USING (service)",
  },
  {
    apl: "logs | project id, service | join kind=leftouter (teams | project service, team) on service | project id, team",
    sql: "SELECT l.id, t.team FROM logs l LEFT JOIN teams t USING (service)",
  },
  {
    apl: "logs | project id, service | join kind=leftouter (teams | project name = service, budget) on $left.service == $right.name | project id, name, budget",
    sql: "SELECT l.id, t.service AS name, t.budget FROM logs l LEFT JOIN teams t USING (service)",
  },
  {
    apl: "logs | where id < 300 | project id, service, host | join kind=inner (deploys | project service, host, version) on service, host | project id, version",
    sql: "SELECT l.id, d.version FROM logs l JOIN deploys d ON l.service = d.service AND l.host = d.host WHERE l.id < 300",
  },
  {
    apl: "logs | where id < 100 | project id, service | join kind=leftouter (deploys | project service, version) on service | project id, version",
    sql: "SELECT l.id, d.version FROM logs l LEFT JOIN deploys d USING (service) WHERE l.id < 100",
  },
  // of the left rows with the same key, one alone
  {
    apl: "deploys | project service | join (teams | project service, team) on service | project service, team",
    sql: "SELECT t.service, t.team FROM teams t WHERE t.service IN (SELECT service FROM deploys)",
  },
  {
    apl: "deploys | project service, host | join kind=inner (deploys | project host, version) on host | count",
    sql: 'SELECT count(*) AS "Count" FROM deploys a JOIN deploys b ON a.host = b.host',
  },
  // a null joins with nothing
  {
    apl: "deploys | project host, version | join kind=leftouter (logs | where isnull(host) | project host, id) on host | where isnotnull(id) | count",
    sql: 'SELECT 0 AS "Count"',
  },
  {
    apl: "logs | summarize n = count() by service | join kind=inner (teams | project service, tier) on service | summarize events = sum(n) by tier",
    sql: "SELECT tier, count(*) AS events FROM logs JOIN teams USING (service) GROUP BY tier",
  },
  {
    apl: "logs | project id, user = user.id | join kind=inner (teams | project user = id, team) on user | project id, team",
    sql: "SELECT l.id, t.team FROM logs l JOIN teams t ON l.user_id = t.id",
  },
  {
    apl: "let rich = teams | where budget > 50; logs | join kind=inner (rich | project service, budget) on service | summarize n = count() by budget",
    sql: "SELECT budget, count(*) AS n FROM logs JOIN teams USING (service) WHERE budget > 50 GROUP BY budget",
  },
  {
    apl: "teams | project service, id | join kind=inner (deploys | project service, size, good) on service | where good | project id, size",
    sql: "SELECT t.id, d.size FROM teams t JOIN deploys d USING (service) WHERE d.good",
  },
  {
    apl: "logs | where id in (1, 2) | project id, a = 1 | join kind=inner (logs | where id in (1, 2, 3) | project id, a = 2) on id",
    sql: "SELECT id, 1 AS a, id AS id1, 2 AS a1 FROM logs WHERE id IN (1, 2)",
  },
  {
    apl: "logs | project service | union (deploys | project service) | summarize n = count() by service",
    sql: "SELECT service, count(*) AS n FROM (SELECT service FROM logs UNION ALL SELECT service FROM deploys) GROUP BY service",
  },
  { apl: "union teams, deploys | count", sql: 'SELECT 66 AS "Count"' },
  {
    apl: "union (teams | project service, team), (deploys | project service, version)",
    sql: "SELECT service, team, NULL AS version FROM teams UNION ALL SELECT service, NULL, version FROM deploys",
  },
  {
    apl: "union withsource=origin teams, deploys, logs | summarize n = count() by origin",
    sql: "SELECT 'teams' AS origin, 6 AS n UNION ALL SELECT 'deploys', 60 UNION ALL SELECT 'logs', 5000",
  },
  {
    apl: "union teams, deploys | where service == 'db' | project service, team, version, size",
    sql: "SELECT service, team, NULL AS version, NULL AS size FROM teams WHERE service = 'db' UNION ALL SELECT service, NULL, version, size FROM deploys WHERE service = 'db'",
  },
  {
    apl: "union teams, (deploys | where size > 5) | summarize n = count(), s = sum(size), b = max(budget)",
    sql: "SELECT 6 + count(*) AS n, sum(size) AS s, (SELECT max(budget) FROM teams) AS b FROM deploys WHERE size > 5",
  },
  {
    apl: "let a = logs | where id < 3 | project id; let b = logs | where id > 4997 | project id; union a, b",
    sql: "SELECT id FROM logs WHERE id < 3 OR id > 4997",
  },
  {
    apl: "teams | project x = tier | union (teams | project x = team) | summarize n = count() by x",
    sql: "SELECT to_json(tier) AS x, count(*) AS n FROM teams GROUP BY ALL UNION ALL SELECT to_json(team), count(*) FROM teams GROUP BY ALL",
  },
  { apl: "logs | search 'timeout' | project id", sql: "SELECT id FROM logs WHERE has_term(message, 'timeout')" },
  {
    apl: "logs | search 'CONNECTION' and status == 200 | project id",
    sql: "SELECT id FROM logs WHERE has_term(message, 'connection') AND status = 200",
  },
  { apl: "logs | search '*nect*' | project id", sql: "SELECT id FROM logs WHERE contains(message, 'nect')" },
  { apl: "logs | search 'conn*' | project id", sql: "SELECT id FROM logs WHERE has_term(message, 'connection')" },
  { apl: "logs | search 'тест' or 'мир' | project id", sql: "SELECT id FROM logs WHERE contains(message, 'мир')" },
  { apl: "logs | project id, message, word | search 'omicron' | project id", sql: "SELECT id FROM logs WHERE word = 'omicron'" },
  {
    apl: "logs | project id, geo.city, user.name | search 'ann' or 'köln' | project id",
    sql: "SELECT id FROM logs WHERE user_name = 'Ann' OR city = 'Köln'",
  },
  { apl: "teams | search 'team 1' | project service", sql: "SELECT service FROM teams WHERE team = 'team 1'" },
  {
    apl: "search in (teams, deploys) 'billing' | count",
    sql: `SELECT (SELECT count(*) FROM teams WHERE service = 'billing') + (SELECT count(*) FROM deploys WHERE service = 'billing') AS "Count"`,
  },
  {
    apl: "logs | search not('error') and not('timeout') | project id, message | where message has 'done'",
    sql: "SELECT id, message FROM logs WHERE has_term(message, 'done') AND NOT has_term(message, 'error') AND NOT has_term(message, 'timeout') AND lower(level) IS DISTINCT FROM 'error'",
  },
  {
    apl: "teams | project service, id | join (deploys | project service, version) on service | project id, version",
    sql: "SELECT t.id, d.version FROM teams t JOIN deploys d USING (service)",
  },
  {
    apl: "deploys | project service, size | join kind=innerunique (deploys | project service, version) on service | count",
    sql: 'SELECT count(*) AS "Count" FROM deploys',
  },
  {
    apl: "let d = deploys | summarize n = count() by service; teams | join kind=leftouter d on service | project service, n, all_ = coalesce(n, 0)",
    sql: "SELECT t.service, n, coalesce(n, 0) AS all_ FROM teams t LEFT JOIN (SELECT service, count(*) AS n FROM deploys GROUP BY service) USING (service)",
  },
  {
    apl: "let d = deploys | distinct service; logs | where id < 50 | join kind=inner d on service | join kind=leftouter (teams | project service, tier) on service | project id, tier",
    sql: "SELECT l.id, t.tier FROM logs l LEFT JOIN teams t USING (service) WHERE l.id < 50",
  },
  {
    apl: "logs | where id < 100 | join kind=inner (deploys | project service, started = _time) on service | where started < _time | summarize n = count() by id",
    sql: "SELECT l.id, count(*) AS n FROM logs l JOIN deploys d ON l.service = d.service AND d._time < l._time WHERE l.id < 100 GROUP BY l.id",
    isEmpty: false,
  },
  {
    apl: "logs | summarize a = count() by service | join kind=inner (logs | summarize b = count() by service, ok) on service | summarize x = max(a), y = sum(b) by service | where x != y | count",
    sql: 'SELECT 0 AS "Count"',
  },
  {
    apl: "logs | where id < 10 | project id, key = strcat('team ', id % 3) | join kind=inner (teams | project team, service) on $left.key == $right.team | project id, service",
    sql: "SELECT l.id, t.service FROM logs l JOIN teams t ON 'team ' || (l.id % 3) = t.team WHERE l.id < 10",
  },
  { apl: "logs | where id < 10 | union (logs | where id > 4990) | summarize n = count(), m = max(id)", sql: "SELECT 19 AS n, 4999 AS m" },
  {
    apl: "union (logs | where id < 5 | project id, a = 1), (logs | where id < 5 | project id, a = 2.5) | summarize s = sum(a) by id",
    sql: "SELECT id, 3.5 AS s FROM logs WHERE id < 5",
  },
  {
    apl: "union teams, deploys | summarize n = count() by kind = iff(isnull(team), 'deploy', 'team')",
    sql: "SELECT 'deploy' AS kind, 60 AS n UNION ALL SELECT 'team', 6",
  },
];
