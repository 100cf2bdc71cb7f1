/** IP addresses and URLs. What is no address gives null. */
import type { Golden } from "../golden.ts";

const value = (apl: string, sql: string): Golden => ({ apl: `logs | project id, x = ${apl}`, sql: `SELECT id, ${sql} AS x FROM logs` });
const print = (apl: string, sql: string): Golden => ({ apl: `print x = ${apl}`, sql: `SELECT ${sql} AS x` });

/** An address as a number; null for what is none. */
const NUMBER = `CASE WHEN regexp_full_match(ip, '(\\d{1,3}\\.){3}\\d{1,3}') AND list_max(string_split(ip, '.')::BIGINT[]) <= 255
  THEN list_reduce(string_split(ip, '.')::BIGINT[], lambda a, b: a * 256 + b) END`;
const within = (first: number, bits: number) => `(${NUMBER}) // ${2 ** (32 - bits)} = ${Math.floor(first / 2 ** (32 - bits))}`;
const address = (a: number, b: number, c = 0, d = 0) => ((a * 256 + b) * 256 + c) * 256 + d;
const PRIVATE = `${within(address(10, 0), 8)} OR ${within(address(172, 16), 12)} OR ${within(address(192, 168), 16)}`;

export const ADDRESSES: readonly Golden[] = [
  value("parse_ipv4(ip)", NUMBER),
  value("ipv4_is_private(ip)", PRIVATE),
  value("ipv4_is_in_range(ip, '10.0.0.0/8')", within(address(10, 0), 8)),
  value("ipv4_is_in_range(ip, '192.168.2.0/23')", within(address(192, 168, 2), 23)),
  value("ipv4_is_match(ip, '172.16.3.0/24')", within(address(172, 16, 3), 24)),
  value("ipv4_is_match(ip, '8.8.1.77', 24)", within(address(8, 8, 1), 24)),
  value("ipv4_compare(ip, '172.16.0.0')", `sign((${NUMBER}) - ${address(172, 16)})`),
  value("format_ipv4(ip, 24)", `CASE WHEN (${NUMBER}) IS NOT NULL THEN regexp_replace(ip, '\\d+$', '0') ELSE '' END`),
  value("parse_ipv4_mask(ip, 16)", `(${NUMBER}) // 65536 * 65536`),
  {
    apl: "logs | where ipv4_is_private(ip) | summarize n = count() by service",
    sql: `SELECT service, count(*) AS n FROM logs WHERE ${PRIVATE} GROUP BY service`,
  },
  {
    apl: "logs | where ipv4_is_in_any_range(ip, '8.8.0.0/22', '203.0.0.0/23') | project id",
    sql: `SELECT id FROM logs WHERE ${within(address(8, 8), 22)} OR ${within(address(203, 0), 23)}`,
  },
  {
    apl: "logs | where ipv4_is_in_any_range(ip, dynamic(['10.0.1.0/24', '10.0.2.0/24'])) | project id",
    sql: `SELECT id FROM logs WHERE ${within(address(10, 0, 1), 24)} OR ${within(address(10, 0, 2), 24)}`,
  },
  {
    apl: "logs | where ip startswith '10.' and isnull(parse_ipv4(ip)) | project id",
    sql: `SELECT id FROM logs WHERE ip LIKE '10.%' AND (${NUMBER}) IS NULL`,
  },
  value("has_ipv4(strcat('from ', ip, ' to'), '10.0.0.7')", "coalesce(ip = '10.0.0.7', false)"),
  value("has_ipv4_prefix(strcat('src=', ip), '10.0.')", `coalesce(ip LIKE '10.0.%' AND (${NUMBER}) IS NOT NULL, false)`),
  value("ipv6_compare(ip6, '2001:db8::2')", "CASE ip6 WHEN '2001:db8:0:0::2' THEN 0 WHEN 'fe80::1' THEN 1 ELSE -1 END"),
  value("ipv6_is_match(ip6, '10.0.0.1')", "ip6 = '::ffff:10.0.0.1'"),
  value("ipv6_is_in_range(ip6, '2001:db8::/32')", "ip6 LIKE '2001:%'"),
  print("ipv4_netmask_suffix('10.1.2.3/24')", "24"),
  print("format_ipv4_mask('192.168.1.255', 24)", "'192.168.1.0/24'"),
  print("parse_ipv4('127.0.0.1')", "2130706433"),
  print("parse_ipv4('192.1.168.1.1')", "NULL"),
  print("ipv4_compare('192.168.1.1/24', '192.168.1.255/24')", "0"),
  value("parse_url(url).scheme", "regexp_extract(url, '^([a-z]+):', 1)"),
  value("parse_url(url).host", "regexp_extract(url, '^[a-z]+://([^/:]+)', 1)"),
  value("parse_url(url).port", "regexp_extract(url, '^[a-z]+://[^/:]+:?(\\d*)', 1)"),
  value("parse_url(url).path", "regexp_extract(url, '^[a-z]+://[^/]+(/[^?#]*)', 1)"),
  value("parse_url(url).fragment", "regexp_extract(url, '#(.*)$', 1)"),
  value("parse_url(url).query.q", "CASE WHEN contains(url, 'q=a%20b') THEN 'a b' END"),
  value(
    "tostring(parse_url(url)['query'])",
    `CASE WHEN url LIKE '%?q=%' THEN '{"q":"a b","lang":"de"}' WHEN url LIKE '%?id=%' THEN '{"id":"7"}' WHEN url LIKE '%?empty=%' THEN '{"empty":"","x":"1"}' WHEN url IS NULL THEN '' ELSE '{}' END`,
  ),
  print("parse_urlquery('k1=v1&k2=v%202').k2", "'v 2'"),
  print("url_encode('https://x.de/a b')", "'https%3A%2F%2Fx.de%2Fa%20b'"),
  print("url_decode('a%20b%2Fc')", "'a b/c'"),
  print("parse_url('scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment').username", "'username'"),
];
