/**
 * What should never have been sent. Each request gets a JSON answer below 500 in which nothing is stored of the bad part, and a
 * good event sent right after it is stored.
 */
import { brotliCompressSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { HERE, type Organisation, organisation, post, stored, token } from "./gateway.ts";

interface Malformed {
  name: string;
  path?: string;
  body?: BodyInit;
  headers?: Record<string, string>;
  /** In place of the good credential; null for none. */
  authorization?: string | null;
}

const NDJSON = { "content-type": "application/x-ndjson" };
const JSON_TYPE = { "content-type": "application/json" };
const CSV = { "content-type": "text/csv" };
const encoded = (name: string) => ({ ...NDJSON, "content-encoding": name });
const bytes = (...values: number[]) => new Uint8Array(values);
const good = '{"a":1}\n';

const brokenTexts = [
  "{",
  "[",
  '{"',
  '{"a',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":[1',
  "[{",
  '[{"a":1}',
  '[{"a":1},',
  "[,]",
  "[1,]",
  '{"a":1,}',
  "{,}",
  '{"a"}',
  "{1:1}",
  "NaN",
  '{"a":NaN}',
  '{"a":Infinity}',
  '{"a":-Infinity}',
  '{"a":undefined}',
  '{"a":0x10}',
  '{"a":01}',
  '{"a":1.}',
  '{"a":.1}',
  '{"a":1e}',
  '{"a":+1}',
  "{'a':1}",
  "{a:1}",
  '{"a":"\t"}',
  '{"a":"\\x41"}',
  '{"a":"\\u12"}',
  '{"a":"\\',
  '{"a":"\n"}',
  "\0",
  "\0\0\0\0",
  '{"a":"\0"}',
  "hello",
  "<xml/>",
  "]",
  "}",
  '"text',
  "//comment\n",
  "\u2028",
  "--boundary\r\n",
  "a=1&b=2",
  "%7B%7D",
  "true false",
  '{"a":tru}',
  '{"a":nullx}',
];

const badBytes: [string, Uint8Array][] = [
  ["a lone continuation", bytes(0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
  ["an overlong form", bytes(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d)],
  ["a surrogate in UTF-8", bytes(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
  ["beyond Unicode", bytes(0x7b, 0x22, 0xf5, 0x80, 0x80, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
  ["UTF-16", bytes(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00)],
  ["only 0xff", new Uint8Array(1_000).fill(0xff)],
  ["only a byte order mark and a brace", bytes(0xef, 0xbb, 0xbf, 0x7b)],
];

const gzipped = gzipSync(good.repeat(50));
const brotli = brotliCompressSync(good.repeat(50));
const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd];

const paths = [
  "a%0d%0ab",
  "a%0ab",
  "%2e%2e%2f",
  "%2e%2e%2f%2e%2e%2fv2%2ftokens",
  "a%2fb",
  "a%5cb",
  "%00",
  "a%00",
  "%",
  "%zz",
  "%ff",
  "%c0%ae",
  "..%00",
  "a b".replace(" ", "%20"),
  "-logs",
  "logs-",
  ".logs",
  "logs%3f",
  "l%C3%B6gs",
  "%F0%9F%98%80",
  "a".repeat(129),
  "a".repeat(5_000),
  "__proto__",
  "constructor",
  "toString",
  "*",
  "%2a",
  "logs%20",
  "LOGS",
  "logs;x=1",
  "logs,other",
];

const parameters = [
  "timestamp-field=_sysTime",
  `timestamp-field=${"x".repeat(500)}`,
  "timestamp-format=nothing",
  `timestamp-format=${"2006".repeat(100)}`,
];

const labels = [
  "x",
  "[]",
  "1",
  "null",
  '{"a":{}}',
  '{"a":[]}',
  '{"a":null}',
  '{"_time":"x"}',
  '{"_sysTime":"x"}',
  `{"a":"${"x".repeat(9_000)}"}`,
];

const csvBodies = [
  'a,b\n1,"2',
  '"',
  '"a',
  "a,a\n1,2",
  ",\n1,2",
  "a,,b\n1,2,3",
  " , \n1,2",
  `${"c,".repeat(1_100)}c\n1`,
  `${"n".repeat(300)}\n1`,
  "\n\n\n",
];

function authorizations(secret: string): (string | null)[] {
  const flipped = Array.from(
    secret,
    (character, i) => `Bearer ${secret.slice(0, i)}${character === "x" ? "y" : "x"}${secret.slice(i + 1)}`,
  );
  return [
    ...flipped,
    null,
    "Bearer",
    "Bearer ",
    "bearer:",
    `Bearer ${secret}, Bearer ${secret}`,
    `Bearer ${secret},${secret}`,
    `Bearer ${secret} ${secret}`,
    `Bearer "${secret}"`,
    `Bearer\t${secret}`,
    secret,
    `Token ${secret}`,
    `Splunk ${secret}`,
    `Basic ${secret}`,
    `Basic ${btoa(secret)}`,
    `Basic ${btoa(`${secret}:`)}`,
    `Bearer ${secret.toUpperCase()}`,
    `Bearer ${secret}=`,
    `Bearer ${secret.slice(0, -1)}`,
    `Bearer ${secret}A`,
    `Bearer ${"A".repeat(20_000)}`,
    "Bearer xapt-123",
    "Bearer null",
    "Bearer undefined",
    "Bearer é",
  ];
}

function table(secret: string): Malformed[] {
  return [
    { name: "a comment behind an object", body: '{"a":1}//c', headers: NDJSON },
    ...brokenTexts.map((body) => ({ name: `NDJSON ${JSON.stringify(body)}`, body, headers: NDJSON })),
    ...brokenTexts.map((body) => ({ name: `JSON ${JSON.stringify(body)}`, body, headers: JSON_TYPE })),
    ...badBytes.map(([name, body]) => ({ name, body, headers: NDJSON })),
    ...csvBodies.map((body) => ({ name: `CSV ${body.slice(0, 20)}`, body, headers: CSV })),
    ...paths.map((segment) => ({ name: `path ${segment.slice(0, 30)}`, path: `/v1/ingest/${segment}` })),
    ...parameters.map((query) => ({ name: query.slice(0, 40), path: `/v1/ingest/logs?${query}` })),
    { name: "an empty csv-delimiter", path: "/v1/ingest/logs?csv-delimiter=ab", body: "a\n1", headers: CSV },
    ...labels.map((value) => ({ name: `labels ${value.slice(0, 20)}`, headers: { "x-axiom-event-labels": value } })),
    ...authorizations(secret).map((authorization) => ({ name: `authorization ${authorization?.slice(0, 60)}`, authorization })),
    ...[1, 5, 10, 18, 30, gzipped.length - 1].map((length) => ({
      name: `gzip of ${length} bytes`,
      body: gzipped.subarray(0, length),
      headers: encoded("gzip"),
    })),
    ...[1, 3, 8, brotli.length - 1].map((length) => ({
      name: `brotli of ${length} bytes`,
      body: brotli.subarray(0, length),
      headers: encoded("br"),
    })),
    ...[[...zstdMagic], [...zstdMagic, 0], [...zstdMagic, 0xff, 0xff, 0xff], [1, 2, 3], [...zstdMagic, 0, 0x58, 1, 0, 0, 9]].map(
      (values) => ({
        name: `zstd ${values.join(" ")}`,
        body: bytes(...values),
        headers: encoded("zstd"),
      }),
    ),
    ...["gzip", "zstd", "deflate", "br"].map((name) => ({ name: `${name} that is plain`, body: good.repeat(9), headers: encoded(name) })),
    ...["compress", "snappy", "gzip, gzip, gzip", "*", "gzip;q=1"].map((name) => ({
      name: `encoding ${name}`,
      body: good,
      headers: encoded(name),
    })),
    { name: "100 MB of zeros in 100 kB of gzip", body: gzipSync(new Uint8Array(100_000_000)), headers: encoded("gzip") },
    { name: "objects 100,000 deep without an end", body: '{"a":'.repeat(100_000), headers: JSON_TYPE },
    { name: "arrays 100,000 deep", body: `${"[".repeat(100_000)}${"]".repeat(100_000)}`, headers: JSON_TYPE },
    {
      name: "arrays 100,000 deep in tags",
      path: "/api/v1/ingest",
      body: `[{"tags":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`,
      headers: JSON_TYPE,
    },
    { name: "a __proto__ batch", path: "/api/v1/ingest", body: '[{"__proto__":{"events":[{}]}}]', headers: JSON_TYPE },
    { name: "an Idempotency-Key of 10,000 characters", body: good, headers: { ...NDJSON, "idempotency-key": "k".repeat(10_000) } },
  ];
}

it("64 answers 200 and more malformed requests in JSON, below 500, and takes the good event after each", { timeout: 120_000 }, async () => {
  const org: Organisation = await organisation({ logs: HERE });
  const secret = await token(org, { logs: ["ingest:create"] });
  const cases = table(secret);
  expect(cases.length).toBeGreaterThan(200);
  const surprises: string[] = [];
  for (const { name, path = "/v1/ingest/logs", body = good, headers = NDJSON, authorization } of cases) {
    const credential = authorization === undefined ? `Bearer ${secret}` : authorization;
    const response = await post(path, body, { headers: { ...headers, ...(credential === null ? {} : { authorization: credential }) } });
    const text = await response.text();
    const answer = isJsonObject(text);
    const refused = response.status >= 400 && typeof answer?.["message"] === "string" && answer["code"] === response.status;
    const counted = response.status === 200 && answer?.["ingested"] === 0;
    if (response.status >= 500 || !(refused || counted)) surprises.push(`${name}: ${response.status} ${text.slice(0, 200)}`);
    const after = await post("/v1/ingest/logs", '{"good":true}', { token: secret });
    if (after.status !== 200) surprises.push(`after ${name}: ${after.status} ${await after.text()}`);
  }
  expect(surprises).toEqual([]);
  const events = await stored(org, "logs");
  expect(events.length).toBe(cases.length);
  expect(events.every((event) => event["good"] === true)).toBe(true);
});

function isJsonObject(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
