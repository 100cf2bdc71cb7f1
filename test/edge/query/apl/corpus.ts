/** Valid queries that between them use every operator and every form of a literal. */
export const CORPUS: readonly string[] = [
  "['sample-http-logs'] | where status >= 500 and method in ('GET', 'POST') | summarize count() by bin(_time, 5m), ['geo.country']",
  "logs | extend ms = duration / 1ms, day = startofday(_time) | project-away trace*, ['a b'], *.x | take 100",
  "let since = ago(1h);\nlet errors = ['app-errors'] | where level =~ 'error';\nerrors | where _time between (since .. now()) | count",
  "union withsource=origin web, (api | where path startswith '/v1' | project path, ms), ['jobs.nightly'] | sort by ms desc nulls last, path asc",
  'search in (web, (api | take 10)) "time out" and (host:"eu" or ms > 5) | top 5 by _time asc',
  "web | join kind=leftouter (users | distinct id, name = tolower(full)) on $left.user == $right.id, tenant",
  "web | make-series n = count() default = 0, p = percentile(ms, 95) on _time from ago(1d) to now() step 1h by host, z = zone",
  "web | make-series avg(ms) on _time in range(datetime(2024-01-01), datetime('2024-01-02T10:00:00.123Z'), 1.5h)",
  "web | parse kind=regex flags=U msg with * @'id=\\d+' id:long ' ' ['what else']:string * | parse-where m with a '-' b:timespan",
  "web | mv-expand with_itemindex=i tag = tags to typeof(string), more['x'][0] limit 20 | getschema",
  "web | project-rename a = b.c, ['d e'] = f | project-reorder a desc, g* asc, h | project-keep a, g*, _time",
  "web | where a !has_any ('x', \"y\\n\\u00e9\", h'z', @'w''w', ```multi\nline```) and b !between (-1 .. 0x1F) or not(isnull(c[-1].d['e f']))",
  "print x = dynamic({\"a\": [1, -2.5e3, null, true, {'b': []}]}), y = timespan(1.02:03:04.5), z = long(null), w = real(-inf), v = 'it is'",
  "web | where body matches regex @'^[a-z]+$' and name !contains_cs 'X' and x in~ ('a') // and so on\n | summarize by tenant | limit 3;",
  "web | summarize dcount(user), arg_max(_time, *), countif(status % 100 == 4 * (1 + 2) - 3) by host | filter dcount_user > 1 | project host, n = dcount_user | sample 0.1",
  "web | union api, (jobs | where ok) | distinct * | order by _time | search kind=default 'x' or code <> 5 | mvexpand bagexpansion=bag tags",
];
