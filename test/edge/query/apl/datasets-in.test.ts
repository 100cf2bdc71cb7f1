import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { datasetsIn, parseQuery } from "../../../../src/edge/query/apl/parse.ts";
import { tablesAnywhere } from "./tables.ts";

/** Queries that read `secret`, some while they look as if they did not; and what else they read. */
const READ_SECRET: [query: string, others: string[]][] = [
  ["secret", []],
  ["['secret']", []],
  ['["secret"]', []],
  ["[@'secret']", []],
  ["[h'secret']", []],
  ["[```secret```]", []],
  [String.raw`['sec\x72et']`, []],
  [String.raw`["\u0073ecret"]`, []],
  [String.raw`['\163ecret'] | count`, []],
  ["[ // x\n 'secret' // ]\n ]", []],
  ["// ['ok']\nsecret", []],
  ["// \n// ['ok']\r\nsecret | take 1", []],
  ["(secret)", []],
  ["(((['secret'])) | count)", []],
  ["(secret | take 1) | union ok", ["ok"]],
  ["union ok, secret", ["ok"]],
  ["union secret", []],
  ["union withsource=ok secret", []],
  ["union kind=outer withsource=x (ok | where a), ((secret))", ["ok"]],
  ["union (union (union ok, secret))", ["ok"]],
  ["ok | union secret", ["ok"]],
  ["ok | union a, (b | union ['secret'])", ["ok", "a", "b"]],
  ["ok | union (print x = 1), (secret | count)", ["ok"]],
  ["print x = 1 | union secret", []],
  ["ok | join secret on a", ["ok"]],
  ["ok | join kind=left ['secret'] on a", ["ok"]],
  ["ok | join kind=inner (secret | where x) on $left.a == $right.b", ["ok"]],
  ["ok | join (b | join (c | join secret on a) on a) on a", ["ok", "b", "c"]],
  ["ok | join (union b, secret) on a", ["ok", "b"]],
  ["ok | join (search in (secret) 'x') on a", ["ok"]],
  ["search in (secret) 'x'", []],
  ["search in (ok, ['secret']) 'x'", ["ok"]],
  ["search in (ok, (a | union secret)) a:'x'", ["ok", "a"]],
  ["search kind=default in ((union ok, secret)) 'x'", ["ok"]],
  ["let t = secret; t", []],
  ["let t = ['secret'] | count; t", []],
  ["let t = (secret); t", []],
  ["let t = ((((secret)) | take 1)); t", []],
  ["let unused = secret; ok", ["ok"]],
  ["let t = union ok, secret; t", ["ok"]],
  ["let t = search in (secret) 'x'; t", []],
  ["let a = secret; let b = a; let c = b; c | union c", []],
  ["let a = ok; let b = a | join (a | union secret) on x; b", ["ok"]],
  // a name hides a dataset only after its let
  ["let secret = secret; secret", []],
  ["let secret = (secret | where a); secret | count", []],
  ["let secret = ok | union secret; secret", ["ok"]],
  ["let t = secret; let secret = ok; t", ["ok"]],
  ["let t = ok | join secret on a; let secret = ok; union t, secret", ["ok", "ok"]],
  // a value hides nothing
  ["let secret = 5; secret", []],
  ["let secret = 5; ok | union secret", ["ok"]],
  ["let secret = dynamic({}); let t = secret | count; t", []],
  ["let a = true; let secret = a; ok | join secret on x", ["ok"]],
  ["let Secret = ok; secret", ["ok"]],
  ["let t = secret; T", ["T"]],
  // words that are names
  ["let union = ok; secret | union union", ["ok"]],
  ["union union, secret", ["union"]],
  ["union where, count, (let | union secret)", ["where", "count", "let"]],
  ["ok | where x == dynamic({'kind': 'table', 'name': 'other'}) | union secret", ["ok"]],
];

describe("the datasets of a query", () => {
  it.each(READ_SECRET)("of %j are found", (query, others) => {
    const found = datasetsIn(parseQuery(query));
    expect(found.map(({ name }) => name).sort()).toEqual([...others, "secret"].sort());
    expect(tablesAnywhere(parseQuery(query))).toEqual([...found].sort((a, b) => a.at - b.at));
  });

  it.each([
    "my-secret.logs-2024",
    "union ok, my-secret.logs-2024",
    "ok | union (my-secret.logs-2024 | count)",
    "ok | join my-secret.logs-2024 on a",
    "search in (my-secret.logs-2024) 'x'",
    "let t = my-secret.logs-2024; t",
    "let my = ok; my-secret.logs-2024",
    "let my = 5; ['my-secret.logs-2024']",
  ])("have their whole name in %j", (query) => {
    expect(datasetsIn(parseQuery(query)).map(({ name }) => name)).toContain("my-secret.logs-2024");
  });

  it.each<[string, { name: string; at: number }[]]>([
    ["  logs", [{ name: "logs", at: 2 }]],
    [
      "let t = a;\nt | union b, (c | join a on x)",
      [
        ["a", 8],
        ["b", 21],
        ["c", 25],
        ["a", 34],
      ].map(([name, at]) => ({ name, at }) as { name: string; at: number }),
    ],
    ["print 1", []],
    ["let t = print x = 1; t | union t", []],
  ])("of %j have their places", (query, found) => {
    expect(datasetsIn(parseQuery(query))).toEqual(found);
  });

  it.each([
    ["a column", "ok | where secret == 1 | project secret, x = secret.y | extend secret = 1"],
    ["a text", "ok | where a == 'secret' // secret"],
    ["an argument", "ok | where f(secret)"],
    ["a column of a join", "ok | join ok on secret, $left.secret == $right.secret"],
    ["the union's column", "union withsource=secret ok"],
    ["a name in JSON", "ok | where a == dynamic({'kind': 'table', 'name': 'secret'})"],
    ["a given table", "let secret = ok; secret | union secret, (secret | join secret on a)"],
    ["a given value", "let secret = 5; ok | where a == secret | take secret"],
  ])("are not %s", (_, query) => {
    expect(new Set(datasetsIn(parseQuery(query)).map(({ name }) => name))).toEqual(new Set(["ok"]));
  });

  // whatever reads a table in another dialect must be refused whole, for nothing would find it in the tree
  it.each([
    "ok | where a in (secret | project b)",
    "ok | where a in ((secret))| union",
    "ok | extend x = toscalar(secret | count)",
    "let f = () { secret }; f()",
    "let t = view () { secret }; t",
    "table('secret')",
    "['ok'].['secret']",
    "cluster('x').database('y').secret",
    "database('y').secret",
    "external_table('secret')",
    "externaldata (x: string) ['secret']",
    "ok | lookup secret on a",
    "ok | join hint.strategy=shuffle secret on a",
    "ok | join kind=leftsemi secret on a",
    "ok | mv-apply x on (secret)",
    "ok | partition by a (secret)",
    "ok | invoke f(secret)",
    "ok | as secret2 | fork (secret)",
    "ok | facet by a with (secret)",
    "ok | union secret*",
    "union sec*",
    "union *",
    "search 'x'",
    "search in (*) 'x'",
    "find in (secret) where a",
    "ok | union withsource=x secret",
    "range x from 1 to 2 step 1 | union secret",
    "ok; secret",
    "let ok2 = ok; let ok2 = secret; ok2",
    "alias database x = cluster('y'); secret",
    "set x = 1; secret",
    "ok // \r| union secret",
    "ok // \u2028| union secret",
    "ok // \u0085| union secret",
    "ok\u0000| union secret",
  ])("cannot hide where %j is no query", (query) => {
    expect(() => parseQuery(query)).toThrow(QueryFault);
  });
});
