/** What each operator makes of a small corpus, through parser, plan and execution. */
import { describe, expect, it } from "vitest";
import type { Value } from "../../../../../src/edge/query/apl/value.ts";
import { ask, tableOf } from "./bench.ts";

/** A query, the names of its columns, its rows. */
type Case = readonly [query: string, columns: string, rows: readonly (readonly Value[])[]];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  where: [
    ["logs | where status == 200 | project ms", "ms", [[12], [30], [8]]],
    ["logs | where status != 200 | project service", "service", [["web"], ["api"], ["db"]]],
    ["logs | where ms > 20 and service != 'db' | project ms", "ms", [[250.5], [30]]],
    ["logs | where isnull(status) | project service", "service", [["db"]]],
    ["logs | where service in ('db', 'api') | where ms >= 30 | project ms", "ms", [[30], [900]]],
    ["logs | where ['geo.city'] == 'Berlin' | project geo.city", "geo.city", [["Berlin"]]],
    ["logs | where meta.rows == 7 | project ok = meta.ok", "ok", [[true]]],
    ["logs | where _time >= datetime(2026-01-02T10:07:00Z) | project service", "service", [["db"], ["web"]]],
    ["logs | where true | count", "Count", [[6]]],
    ["logs | where false | count", "Count", [[0]]],
    ["logs | where nosuch == 1 | count", "Count", [[0]]],
  ],
  extend: [
    ["logs | extend s = ms / 1000.0 | where s >= 0.25 | project s", "s", [[0.2505], [0.9]]],
    ["logs | extend a = 1, b = a + 1 | take 1 | project a, b", "a, b", [[1, 2]]],
    ["logs | extend ms = tostring(ms) | where ms == '900' | project ms", "ms", [["900"]]],
    ["logs | extend strlen(path) | sort by _time asc | project Column1", "Column1", [[1], [2], [2], [2], [null], [1]]],
    ["logs | extend service = toupper(service) | distinct service", "service", [["WEB"], ["API"], ["DB"]]],
    ["logs | where status == 404 | extend status = strcat('x', status) | project status", "status", [["x404"]]],
  ],
  project: [
    [
      "logs | sort by _time asc | project service, double = ms * 2 | take 2",
      "service, double",
      [
        ["web", 24],
        ["web", 501],
      ],
    ],
    ["logs | where status == 500 | project ms, ms, x = ms", "ms, ms1, x", [[250.5, 250.5, 250.5]]],
    ["logs | where status == 500 | project a = ms | extend b = a | project b, a", "b, a", [[250.5, 250.5]]],
    ["logs | where status == 500 | project missing, ms", "missing, ms", [[null, 250.5]]],
    ["print a = 1, b = 2 | project b, a", "b, a", [[2, 1]]],
    ["logs | where status == 500 | project bin(_time, 5m), tolong(ms)", "_time, ms", [[1767348000000000, 250]]],
  ],
  "project-away, project-keep": [
    ["logs | where user == 'ada' | project-away _time, _sysTime", "ms, path, service, status, user", [[8, "/", "web", 200, "ada"]]],
    ["logs | where user == 'ada' | project-away _*, s*, p*h", "ms, user", [[8, "ada"]]],
    ["logs | where user == 'ada' | project-keep user, status", "user, status", [["ada", 200]]],
    ["logs | where user == 'ada' | project-keep *s*e*", "_sysTime, service, user", [[1767348661000000, "web", "ada"]]],
    ["logs | project service, status, ms | where ms == 900 | project-away s*", "ms", [[900]]],
    ["print ab = 1, abc = 2, b = 3 | project-keep a*", "ab, abc", [[1, 2]]],
    [
      "logs | project-away ms | summarize n = count() by service | sort by service asc",
      "service, n",
      [
        ["api", 2],
        ["db", 1],
        ["web", 3],
      ],
    ],
  ],
  "project-rename, project-reorder": [
    ["logs | where user == 'ada' | project-rename who = user | project who", "who", [["ada"]]],
    ["logs | where user == 'ada' | project-keep user, ms | project-rename who = user, user = ms", "who, user", [["ada", 8]]],
    ["print a = 1, b = 2 | project-rename b = a, a = b", "b, a", [[1, 2]]],
    [
      "logs | where user == 'ada' | project-away _* | project-reorder user, p*, *",
      "user, path, ms, service, status",
      [["ada", "/", 8, "web", 200]],
    ],
    ["print a1 = 1, b = 2, a2 = 3, c = 4 | project-reorder c, a* desc", "c, a2, a1, b", [[4, 3, 1, 2]]],
    ["print a1 = 1, b = 2, a2 = 3, c = 4 | project-reorder a* asc", "a1, a2, b, c", [[1, 3, 2, 4]]],
    ["logs | project-rename who = user | where who == 'ada' | project who, service", "who, service", [["ada", "web"]]],
  ],
  "sort and top": [
    ["logs | sort by ms | project ms", "ms", [[900], [250.5], [30], [12], [8], [5]]],
    ["logs | sort by ms asc | project ms", "ms", [[5], [8], [12], [30], [250.5], [900]]],
    [
      "logs | order by service asc, ms desc | project service, ms",
      "service, ms",
      [
        ["api", 30],
        ["api", 5],
        ["db", 900],
        ["web", 250.5],
        ["web", 12],
        ["web", 8],
      ],
    ],
    [
      "logs | sort by status asc, ms asc | project status, ms",
      "status, ms",
      [
        [null, 900],
        [200, 8],
        [200, 12],
        [200, 30],
        [404, 5],
        [500, 250.5],
      ],
    ],
    [
      "logs | sort by status desc nulls first, ms asc | project status, ms",
      "status, ms",
      [
        [null, 900],
        [500, 250.5],
        [404, 5],
        [200, 8],
        [200, 12],
        [200, 30],
      ],
    ],
    [
      "logs | sort by user asc nulls last, _time asc | take 2 | project user, service",
      "user, service",
      [
        ["ada", "web"],
        [null, "web"],
      ],
    ],
    ["logs | top 2 by ms | project ms", "ms", [[900], [250.5]]],
    [
      "logs | top 3 by strlen(path) asc, ms | project path, ms",
      "path, ms",
      [
        [null, 900],
        ["/", 12],
        ["/", 8],
      ],
    ],
    ["logs | top 0 by ms | count", "Count", [[0]]],
    ["logs | sort by ms | take 2 | sort by ms asc | project ms", "ms", [[250.5], [900]]],
    ["logs | sort by tags | take 2 | project tags", "tags", [[["y", "z", "x"]], [["x", "y"]]]],
    [
      'print x = dynamic([3, "b", true, null, 1, "a", {"k": 1}]) | mv-expand x | sort by x asc | project x',
      "x",
      [[null], [1], [3], ["a"], ["b"], [true], [{ k: 1 }]],
    ],
  ],
  "take, count, sample": [
    ["logs | take 0", "_time, _sysTime", []],
    ["logs | limit 3 | count", "Count", [[3]]],
    ["logs | sort by _time asc | take 1 | project service", "service", [["web"]]],
    ["empty | count", "Count", [[0]]],
    ["logs | count | extend more = Count + 1", "Count, more", [[6, 7]]],
    ["logs | sample 3 | count", "Count", [[3]]],
    ["logs | sample 100 | count", "Count", [[6]]],
    ["logs | sample 0 | count", "Count", [[0]]],
  ],
  distinct: [
    ["logs | distinct service", "service", [["web"], ["api"], ["db"]]],
    [
      "logs | distinct service, status | sort by service asc, status asc",
      "service, status",
      [
        ["api", 200],
        ["api", 404],
        ["db", null],
        ["web", 200],
        ["web", 500],
      ],
    ],
    ["logs | distinct code = status / 100 | sort by code asc", "code", [[null], [2], [4.04], [5]]],
    [
      "logs | project service, status | distinct *",
      "service, status",
      [
        ["web", 200],
        ["web", 500],
        ["api", 200],
        ["api", 404],
        ["db", null],
      ],
    ],
    ['print x = dynamic([{"a":1,"b":2},{"b":2,"a":1},{"a":1}]) | mv-expand x | distinct x | count', "Count", [[2]]],
    ["empty | distinct service", "service", []],
  ],
  summarize: [
    ["logs | summarize count()", "count_", [[6]]],
    [
      "logs | summarize count() by service",
      "service, count_",
      [
        ["web", 3],
        ["api", 2],
        ["db", 1],
      ],
    ],
    [
      "logs | summarize n = count(), total = sum(ms), avg(ms) by service | sort by n desc",
      "service, n, total, avg_ms",
      [
        ["web", 3, 270.5, 90.16666666666667],
        ["api", 2, 35, 17.5],
        ["db", 1, 900, 900],
      ],
    ],
    [
      "logs | summarize by service, status | sort by service asc, status asc",
      "service, status",
      [
        ["api", 200],
        ["api", 404],
        ["db", null],
        ["web", 200],
        ["web", 500],
      ],
    ],
    [
      "logs | summarize count() by bin(_time, 5m)",
      "_time, count_",
      [
        [1767348000000000, 3],
        [1767348300000000, 2],
        [1767348600000000, 1],
      ],
    ],
    [
      "logs | summarize count() by t = bin(_time, 5m), service | sort by t asc, service asc",
      "t, service, count_",
      [
        [1767348000000000, "api", 1],
        [1767348000000000, "web", 2],
        [1767348300000000, "api", 1],
        [1767348300000000, "db", 1],
        [1767348600000000, "web", 1],
      ],
    ],
    ["logs | summarize n = count() by bin_auto(_time) | take 1 | project n", "n", [[6]]],
    [
      "logs | summarize errors = 100.0 * countif(status >= 400) / count() by service | sort by service asc",
      "service, errors",
      [
        ["api", 50],
        ["db", 0],
        ["web", 33.333333333333336],
      ],
    ],
    ["logs | summarize max(ms) - min(ms), count() * 2", "Column1, Column2", [[895, 12]]],
    ["logs | summarize dcount(service), count(), count()", "dcount_service, count_, count_1", [[3, 6, 6]]],
    [
      "logs | summarize arg_max(ms, path) by service | sort by service asc",
      "service, ms, path",
      [
        ["api", 30, "/b"],
        ["db", 900, null],
        ["web", 250.5, "/a"],
      ],
    ],
    [
      "logs | summarize arg_min(ms, path), arg_max(status, ms) by service | sort by service asc",
      "service, ms, path, status, ms1",
      [
        ["api", 5, "/c", 404, 5],
        ["db", 900, null, null, null],
        ["web", 8, "/", 500, 250.5],
      ],
    ],
    [
      "logs | summarize arg_min(ms, *) by status | where status == 404 | project status, ms, path, tags",
      "status, ms, path, tags",
      [[404, 5, "/c", ["y", "z", "x"]]],
    ],
    ["logs | summarize make_set(service)", "set_service", [[["web", "api", "db"]]]],
    [
      "logs | summarize make_list(ms) by service | sort by service asc",
      "service, list_ms",
      [
        ["api", [30, 5]],
        ["db", [900]],
        ["web", [12, 250.5, 8]],
      ],
    ],
    [
      "logs | summarize percentile(ms, 50), percentile(ms, 95) by service | sort by service asc",
      "service, percentile_ms_50, percentile_ms_95",
      [
        ["api", 5, 30],
        ["db", 900, 900],
        ["web", 12, 250.5],
      ],
    ],
    [
      "logs | summarize x = max(ms) by service | where x > 100 | project service, x",
      "service, x",
      [
        ["web", 250.5],
        ["db", 900],
      ],
    ],
    ["logs | summarize n = count() by service | summarize max(n), sum(n)", "max_n, sum_n", [[3, 6]]],
    [
      "logs | summarize countif(isnotnull(user)) by toupper(service) | sort by Column1 asc",
      "Column1, countif_",
      [
        ["API", 0],
        ["DB", 0],
        ["WEB", 1],
      ],
    ],
    [
      "logs | summarize topk(service, 2)",
      "topk_service",
      [
        [
          [
            { key: "web", count: 3, error: 0 },
            { key: "api", count: 2, error: 0 },
          ],
        ],
      ],
    ],
    ["empty | summarize count(), sum(ms), max(ms)", "count_, sum_ms, max_ms", [[0, 0, null]]],
    ["empty | summarize count() by service", "service, count_", []],
    [
      "logs | summarize rate = count() / 2 by bin(ms, 500) | sort by ms asc",
      "ms, rate",
      [
        [0, 2],
        [500, 0],
      ],
    ],
    [
      "logs | summarize count() by geo.city | sort by count_ asc",
      "geo.city, count_",
      [
        ["Berlin", 1],
        [null, 5],
      ],
    ],
  ],
  "mv-expand": [
    [
      "logs | sort by _time asc | mv-expand tags | where isnotnull(tags) | project service, tags",
      "service, tags",
      [
        ["api", "x"],
        ["api", "y"],
        ["api", "y"],
        ["api", "z"],
        ["api", "x"],
      ],
    ],
    [
      "logs | where status == 404 | mv-expand with_itemindex=i t = tags | project i, t",
      "i, t",
      [
        [0, "y"],
        [1, "z"],
        [2, "x"],
      ],
    ],
    ["logs | where status == 404 | mv-expand tags limit 2 | project tags", "tags", [["y"], ["z"]]],
    [
      'print a = dynamic([1, 2, 3]), b = dynamic(["x"]) | mv-expand a, b',
      "a, b",
      [
        [1, "x"],
        [2, null],
        [3, null],
      ],
    ],
    ['print a = dynamic([1, "2", null]) | mv-expand a to typeof(long)', "a", [[1], [null], [null]]],
    ["print a = dynamic([]), b = 1 | mv-expand a | count", "Count", [[0]]],
    ["print a = dynamic(null), b = 1 | mv-expand a", "a, b", [[null, 1]]],
    ['print a = dynamic({"x": 1, "y": [2]}) | mv-expand a', "a", [[{ x: 1 }], [{ y: [2] }]]],
    ["print a = 5 | mv-expand a | extend a = a", "a", [[5]]],
    ['print a = dynamic(["2026-01-02T00:00:00Z", "x"]) | mv-expand a to typeof(datetime)', "a", [[1767312000000000], [null]]],
    [
      "logs | mv-expand tags to typeof(string) | summarize n = count() by tags | sort by tags asc",
      "tags, n",
      [
        [null, 4],
        ["x", 2],
        ["y", 2],
        ["z", 1],
      ],
    ],
  ],
  parse: [
    [
      'logs | where service == \'db\' | parse message with * "id=" id:long ", took " took:long "ms" | project id, took',
      "id, took",
      [[42, 900]],
    ],
    [
      'logs | where service == \'db\' | parse message with first " " second " " rest | project first, second, rest',
      "first, second, rest",
      [["slow", "query", "id=42, took 900ms"]],
    ],
    [
      'logs | parse message with "disk " what " on " node | where isnotempty(node) | project what, node',
      "what, node",
      [["full", "node-7"]],
    ],
    [
      'logs | parse message with "disk" x | summarize n = count() by isnull(x) | sort by n asc',
      "Column1, n",
      [
        [false, 1],
        [true, 5],
      ],
    ],
    ['logs | parse-where message with * "took " t:long "ms" | project service, t', "service, t", [["db", 900]]],
    ['print s = "a=1;b=x" | parse s with "a=" a:long ";b=" b:long | project a, b', "a, b", [[null, null]]],
    ['print s = "a=1;b=x" | parse kind=relaxed s with "a=" a:long ";b=" b:long | project a, b', "a, b", [[1, null]]],
    [
      'print s = "n 12 and 3.5 true end" | parse s with * a:long " and " b:real " " c:bool " " d | project a, b, c, d',
      "a, b, c, d",
      [[12, 3.5, true, "end"]],
    ],
    [
      'print s = "v1.2.3;x" | parse s with "v" major:long "." minor:long "." * ";" tail | project major, minor, tail',
      "major, minor, tail",
      [[1, 2, "x"]],
    ],
    ['print s = "x=1 y=2" | parse kind=regex s with "x=" x:long @"\\s+y=" y:long | project x, y', "x, y", [[1, 2]]],
    ['print s = "A=one, two, three" | parse kind=regex s with "A=" a "," b | project a, b', "a, b", [["one, two", " three"]]],
    ['print s = "A=one, two, three" | parse kind=regex flags=Ui s with "a=" a "," b | project a', "a", [["one"]]],
    [
      'print s = "t=2026-01-02T03:04:05Z d=1h" | parse s with "t=" t:datetime " d=" d:timespan | project t, d',
      "t, d",
      [[1767323045000000, 3600000000]],
    ],
    ['print s = "abc" | parse s with "x" y | project isnull(y)', "Column1", [[true]]],
    ['print n = 12345 | parse n with "12" rest:long | project rest', "rest", [[345]]],
  ],
  search: [
    ['logs | search "disk" | project service', "service", [["web"]]],
    ['logs | search "DISK" | project service', "service", [["web"]]],
    ['logs | search "dis" | count', "Count", [[0]]],
    ['logs | search "dis*" | count', "Count", [[1]]],
    ['logs | search "*ull" | count', "Count", [[1]]],
    ['logs | search "*lo*" | project service', "service", [["db"]]],
    ['logs | search "slow*900ms" | project service', "service", [["db"]]],
    ['logs | search "web" and status == 500 | project ms', "ms", [[250.5]]],
    ['logs | search not("web") | count', "Count", [[3]]],
    ['logs | search "Berlin" or "ada" | count', "Count", [[2]]],
    ['logs | search message:"disk" | count', "Count", [[1]]],
    ['logs | search "404" | project status', "status", [[404]]],
    ['search in (logs, owners) "api" | count', "Count", [[4]]],
  ],
  getschema: [
    [
      "logs | project _time, ms, service, tags | getschema | project ColumnName, ColumnType",
      "ColumnName, ColumnType",
      [
        ["_time", "datetime"],
        ["ms", "real"],
        ["service", "string"],
        ["tags", "dynamic"],
      ],
    ],
    [
      "print a = 1, b = 'x', c = 2.5, d = 1h, e = true, f = now() | getschema",
      "ColumnName, ColumnOrdinal, DataType, ColumnType",
      [
        ["a", 0, "System.Int64", "long"],
        ["b", 1, "System.String", "string"],
        ["c", 2, "System.Double", "real"],
        ["d", 3, "System.TimeSpan", "timespan"],
        ["e", 4, "System.SByte", "bool"],
        ["f", 5, "System.DateTime", "datetime"],
      ],
    ],
    [
      "owners | getschema | project ColumnName, ColumnOrdinal, DataType",
      "ColumnName, ColumnOrdinal, DataType",
      [
        ["_time", 0, "System.DateTime"],
        ["_sysTime", 1, "System.DateTime"],
        ["service", 2, "System.String"],
        ["status", 3, "System.String"],
        ["team", 4, "System.String"],
      ],
    ],
    [
      "logs | summarize count() by service | getschema | project ColumnName, ColumnType",
      "ColumnName, ColumnType",
      [
        ["service", "string"],
        ["count_", "long"],
      ],
    ],
  ],
  "make-series": [
    [
      "logs | make-series n = count() on _time from datetime(2026-01-02T10:00:00Z) to datetime(2026-01-02T10:15:00Z) step 5m",
      "n, _time",
      [
        [
          [3, 2, 1],
          ["2026-01-02T10:00:00Z", "2026-01-02T10:05:00Z", "2026-01-02T10:10:00Z"],
        ],
      ],
    ],
    [
      "logs | make-series n = count(), most = max(ms) default = -1 on _time from datetime(2026-01-02T10:00:00Z) to datetime(2026-01-02T10:15:00Z) step 5m by service | sort by service asc | project service, n, most",
      "service, n, most",
      [
        ["api", [1, 1, 0], [30, 5, -1]],
        ["db", [0, 1, 0], [-1, 900, -1]],
        ["web", [2, 0, 1], [250.5, -1, 8]],
      ],
    ],
    [
      "logs | make-series sum(ms) on ms from 0 to 20 step 10",
      "sum_ms, ms",
      [
        [
          [13, 12],
          [0, 10],
        ],
      ],
    ],
    [
      "logs | make-series n = count() on _time in range(datetime(2026-01-02T10:00:00Z), datetime(2026-01-02T10:10:00Z), 5m) | extend total = array_sum(n) | project total",
      "total",
      [[5]],
    ],
    [
      "empty | make-series count() on _time from datetime(2026-01-02) to datetime(2026-01-03) step 12h",
      "count_, _time",
      [
        [
          [0, 0],
          ["2026-01-02T00:00:00Z", "2026-01-02T12:00:00Z"],
        ],
      ],
    ],
  ],
  join: [
    [
      "logs | where status == 404 | join kind=inner (owners | project service, team) on service | project ms, team",
      "ms, team",
      [
        [5, "core"],
        [5, "edge"],
      ],
    ],
    [
      "logs | where user == 'ada' | join kind=inner (owners | project service, team, status) on service | project-away _*",
      "ms, path, service, service1, status1, user, team, status",
      [[8, "/", "web", "web", "x", "ada", "front", 200]],
    ],
    [
      "logs | project service, ms | join kind=leftouter (owners | project service, team) on service | sort by ms asc",
      "service, ms, service1, team",
      [
        ["api", 5, "api", "core"],
        ["api", 5, "api", "edge"],
        ["web", 8, "web", "front"],
        ["web", 12, "web", "front"],
        ["api", 30, "api", "core"],
        ["api", 30, "api", "edge"],
        ["web", 250.5, "web", "front"],
        ["db", 900, null, null],
      ],
    ],
    [
      "logs | project service, ms | join (owners | project service, team) on service | sort by team asc",
      "service, ms, service1, team",
      [
        ["api", 30, "api", "core"],
        ["api", 30, "api", "edge"],
        ["web", 12, "web", "front"],
      ],
    ],
    [
      "logs | project svc = service, ms | join kind=inner (owners) on $left.svc == $right.service | summarize count() by team | sort by team asc",
      "team, count_",
      [
        ["core", 2],
        ["edge", 2],
        ["front", 3],
      ],
    ],
    [
      "logs | project service, ms | join kind=inner (logs | summarize m = max(ms) by service) on service | where ms == m | project service, m | sort by service asc",
      "service, m",
      [
        ["api", 30],
        ["db", 900],
        ["web", 250.5],
      ],
    ],
    ["print k = 1 | join kind=inner (print k = 1, k1 = 2) on k", "k, k1, k11", [[1, 1, 2]]],
    ['print k = 1, t = datetime(2026-01-02) | join kind=inner (print t = "2026-01-02T00:00:00Z") on t | count', "Count", [[1]]],
    ["print k = dynamic(null) | join kind=inner (print k = dynamic(null)) on k | count", "Count", [[0]]],
    [
      "logs | join kind=inner (owners) on service | project service, service1, status, status1, team | where team == 'front' | sort by status asc",
      "service, service1, status, status1, team",
      [
        ["web", "web", 200, "x", "front"],
        ["web", "web", 200, "x", "front"],
        ["web", "web", 500, "x", "front"],
      ],
    ],
    ["logs | join kind=inner (empty) on service | count", "Count", [[0]]],
    ["logs | join kind=leftouter (empty) on service | count", "Count", [[6]]],
  ],
  union: [
    ["union logs, owners | count", "Count", [[10]]],
    [
      "union logs, owners | summarize n = count() by service | sort by service asc",
      "service, n",
      [
        ["api", 4],
        ["cache", 1],
        ["db", 1],
        ["web", 4],
      ],
    ],
    [
      "union withsource=from logs, owners | summarize n = count() by from | sort by from asc",
      "from, n",
      [
        ["logs", 6],
        ["owners", 4],
      ],
    ],
    ["union withsource=from (logs | where ms > 100), owners | distinct from", "from", [["union_arg0"], ["owners"]]],
    ["logs | project service | union (owners | project service, team) | where service == 'cache'", "service, team", [["cache", "core"]]],
    [
      "print a = 1, b = 'x' | union (print a = 2.5), (print a = true)",
      "a, b",
      [
        [1, "x"],
        [2.5, null],
        [true, null],
      ],
    ],
    ["print t = datetime(2026-01-02) | union (print t = 'x')", "t", [["2026-01-02T00:00:00Z"], ["x"]]],
    ["union (logs | where status == 404), (logs | where status == 500) | project status | sort by status asc", "status", [[404], [500]]],
    ["logs | union owners | where service == 'web' | count", "Count", [[4]]],
  ],
  "let and print": [
    ["let least = 100; logs | where ms > least | count", "Count", [[2]]],
    ["let a = 2; let b = a * a; print b", "b", [[4]]],
    ["let web = logs | where service == 'web'; web | summarize sum(ms)", "sum_ms", [[270.5]]],
    ["let web = logs | where service == 'web'; let slow = web | where ms > 100; union web, slow | count", "Count", [[4]]],
    ["let names = dynamic(['db', 'api']); logs | where service in (names) | count", "Count", [[3]]],
    ["print 1, 'a', x = 2h", "print_0, print_1, x", [[1, "a", 7200000000]]],
    ["print now()", "print_0", [[1767355200000000]]],
    ["print a = 1 | extend b = a + 1 | where b == 2", "a, b", [[1, 2]]],
    ["print strcat('a', 'b')", "print_0", [["ab"]]],
  ],
};

describe.each(Object.entries(CASES))("%s", (_, cases) => {
  it.each(cases)("answers %s", async (query, columns, rows) => {
    const answer = await ask(query);
    expect(tableOf(answer)).toEqual({ columns: columns === "" ? [] : columns.split(", "), rows });
    expect(answer.isPartial).toBe(false);
  });
});
