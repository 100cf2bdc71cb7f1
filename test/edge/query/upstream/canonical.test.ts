import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { datasetsIn, parseQuery } from "../../../../src/edge/query/apl/parse.ts";
import { forwardedText } from "../../../../src/edge/query/upstream/canonical.ts";
import { CORPUS } from "../apl/corpus.ts";
import { drawnQuery } from "../apl/drawn.ts";

const forwarded = (apl: string, variables: string[] = []) => forwardedText(apl, "web", "logs.of-theirs", variables);

function faultOf(apl: string, variables: string[] = []): QueryFault | null {
  try {
    forwarded(apl, variables);
    return null;
  } catch (thrown) {
    if (thrown instanceof QueryFault) return thrown;
    throw thrown;
  }
}

describe("a query that is forwarded", () => {
  it.each([
    ["web", '["logs.of-theirs"]'],
    ["['web']|take 5", '["logs.of-theirs"]|take 5'],
    ["[ 'web' ] | where web == 'web'", '["logs.of-theirs"] | where web == "web"'],
    ["web // of ['secret']\n| count", '["logs.of-theirs"] | count'],
    ["union web, (web | where x has 'web')", 'union ["logs.of-theirs"], (["logs.of-theirs"] | where x has "web")'],
    ["(web) | count", '(["logs.of-theirs"]) | count'],
    ["let t = web; t | join kind=inner (web) on a", 'let t = ["logs.of-theirs"]; t | join kind=inner (["logs.of-theirs"]) on a'],
    ["search in (web) 'x'", 'search in (["logs.of-theirs"]) "x"'],
    [
      "web | where m == @'c:\\' or n == ```a\nb``` or o == h'\\x41'",
      '["logs.of-theirs"] | where m == "c:\\\\" or n == "a\\nb" or o == "A"',
    ],
    ["web | where m == 'é\u2028\u0085'", '["logs.of-theirs"] | where m == "\\u00e9\\u2028\\u0085"'],
    ["web | where t > datetime(2026-01-02) and d < 1.5h", '["logs.of-theirs"] | where t > datetime(2026-01-02) and d < 1.5h'],
    ["let n = 5; web | where x in (n, 6)", 'let n = 5; ["logs.of-theirs"] | where x in (n, 6)'],
    ["print x = 1", "print x = 1"],
  ])("names the other's dataset and writes texts in one way: %s", (apl, expected) => {
    expect(forwarded(apl)).toBe(expected);
  });

  it.each([
    ["secret", 0],
    ["web | join kind=inner (secret) on a", 23],
    ["union web, secret", 11],
    ["web | union (web | take 1), ['secret']", 28],
    ["let web = secret; web", 10],
    ["let t = secret; web | take 1", 8],
    ["search in (web, secret) 'x'", 16],
  ])("is refused where it reads another dataset: %s", (apl, at) => {
    expect(faultOf(apl)).toMatchObject({ at });
  });

  it.each([
    // a bare name in a list is a table to Kusto
    ["web | where x in (secret)", []],
    ["web | where x !in~ (['secret'])", []],
    ["web | where x has_any (secret)", []],
    ["web | extend y = iff(x has_all (secret), 1, 2)", []],
    ["web | summarize countif(x in (secret)) by y", []],
    ["web | join kind=inner (web | where a in (secret)) on a", []],
    ["web | make-series countif(x in (secret)) on _time step 1h", []],
    ["let f = 1 in (secret); web | take 1", []],
    ["print x = 1 in (secret)", []],
    // functions of tables, which our own engine does not know
    ["web | extend y = toscalar(secret)", []],
    ["web | where x == table('secret')", []],
    ["let y = materialize(secret); web", []],
    // names that are the other's dataset there
    ["let ['logs.of-theirs'] = 5; web", []],
    ["web | take 1", ["logs.of-theirs"]],
  ])("is refused where it could read one to another reader: %s", (apl, variables) => {
    expect(faultOf(apl, variables)).toBeInstanceOf(QueryFault);
  });

  it("takes names that the request gives values to", () => {
    expect(forwarded("web | where x in (wanted)", ["wanted"])).toBe('["logs.of-theirs"] | where x in (wanted)');
  });

  it("means the same, for each query of the corpus that reads one dataset alone", () => {
    let checked = 0;
    for (const apl of CORPUS) {
      const tree = parseQuery(apl);
      const [first, ...others] = new Set(datasetsIn(tree).map(({ name }) => name));
      if (first === undefined || others.length > 0) continue;
      checked++;
      const drawn = (text: string, name: string) => drawnQuery(parseQuery(text)).replaceAll(`<${name}>`, "<·>");
      expect(drawn(forwardedText(apl, first, "else-where", []), "else-where")).toBe(drawn(apl, first));
    }
    expect(checked).toBeGreaterThan(5);
  });

  it("keeps every text, in escapes that all readers share", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
        const escaped = `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`;
        const sent = forwarded(`web | where x == ${escaped}`);
        expect(sent).toMatch(/^[\x20-\x7e]*$/);
        expect(drawnQuery(parseQuery(sent))).toBe(drawnQuery(parseQuery(`['logs.of-theirs'] | where x == ${escaped}`)));
        // JSON's own reader finds the same text in it
        expect(JSON.parse(sent.slice(sent.indexOf("== ") + 3))).toBe(text);
      }),
    );
  });
});
