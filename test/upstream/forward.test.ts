import { beforeEach, describe, expect, it } from "vitest";
import { readSealKeys } from "../../src/access/seal.ts";
import { UPSTREAM_ANSWER_BYTES_MAX } from "../../src/edge/query/upstream/exchange.ts";
import { type Answer, openTestReceiver } from "../sinks/receiver.ts";
import { answerTo, bodyOf, refusalOf, upstream } from "./asking.ts";

const TOKEN = "xaat-token-of-the-other-place";
const STATUS = { elapsedTime: 5, rowsExamined: 7, isPartial: false };
const TABULAR = {
  format: "tabular",
  status: STATUS,
  tables: [{ name: "0", sources: [{ name: "theirs" }], fields: [{ name: "theirs", type: "string" }], columns: [["theirs"]] }],
  datasetNames: ["theirs"],
  fieldsMetaMap: { theirs: [] },
  unknownMember: { kept: true },
};

let answer: Answer;
const receiver = await openTestReceiver(() => answer);
const json = (body: unknown, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const axiom = () => upstream("axiom", `${receiver.url}/base/`, { dataset: "theirs", org: "acme-1" }, { token: TOKEN });
const http = (secrets: Record<string, string> = {}) => upstream("http", `${receiver.url}/ask?key=k`, {}, secrets);
const sent = () => {
  const { method, target, headers, body } = receiver.requests.at(-1) ?? { method: "", target: "", headers: {}, body: Buffer.from("{}") };
  return { method, target, headers, body: JSON.parse(body.toString()) as Record<string, unknown> };
};
const QUERY = { apl: "web | where host == 'web'", startTime: "2026-01-02T03:00:00Z", endTime: "2026-01-02T04:00:00.5Z" };

beforeEach(() => {
  answer = json(TABULAR);
  receiver.requests.length = 0;
});

describe("a dataset that an Axiom-compatible endpoint answers", () => {
  it("forwards the query under the other's name and credential, and passes the answer on under ours", async () => {
    const reply = bodyOf(await answerTo(axiom(), { ...QUERY, variables: { x: 1 }, cursor: "c-1", includeCursor: true }));
    expect(sent()).toMatchObject({
      method: "POST",
      target: "/base/v1/datasets/_apl?format=tabular",
      headers: { authorization: `Bearer ${TOKEN}`, "x-axiom-org-id": "acme-1", "content-type": "application/json" },
    });
    expect(sent().body).toEqual({
      apl: '["theirs"] | where host == "web"',
      startTime: "2026-01-02T03:00:00Z",
      endTime: "2026-01-02T04:00:00.5Z",
      variables: { x: 1 },
      cursor: "c-1",
      includeCursor: true,
    });
    const [table] = TABULAR.tables;
    expect(reply).toEqual({
      ...TABULAR,
      datasetNames: ["web"],
      fieldsMetaMap: { web: [] },
      tables: [{ ...table, sources: [{ name: "web" }] }],
    });
  });

  it("leaves the range to the other where the request names none, and asks for the format that was asked for", async () => {
    answer = json({ format: "legacy", status: STATUS, matches: [], buckets: {}, datasetNames: ["theirs"] });
    expect(bodyOf(await answerTo(axiom(), { apl: "web" }, { search: "format=legacy" }))).toMatchObject({
      datasetNames: ["web"],
      matches: [],
    });
    expect([sent().target, sent().body]).toEqual(["/base/v1/datasets/_apl?format=legacy", { apl: '["theirs"]' }]);
  });

  it("sends nothing for a query that could read another dataset there", async () => {
    for (const apl of ["theirs", "web | join kind=inner (secret) on a", "web | where x in (secret)", "let theirs = 5; web"]) {
      expect(refusalOf(await answerTo(axiom(), { apl })).reason).toBe("query-invalid");
    }
    expect(receiver.requests).toEqual([]);
  });

  it("is not asked in the older language", async () => {
    const query = { startTime: "2026-01-02T11:00:00Z", endTime: "2026-01-02T12:00:00Z" };
    expect(refusalOf(await answerTo(axiom(), query))).toMatchObject({ reason: "query-invalid", detail: expect.stringContaining("_apl") });
  });

  it.each([
    [json({ message: "unknown field hots" }, 400), "query-invalid", "unknown field hots"],
    [json({ message: `token ${TOKEN} may not` }, 403), "upstream-failed", "token [secret] may not"],
    [json({ message: "x".repeat(5_000) }, 400), "query-invalid", "xxx"],
    [{ status: 404, body: "<html>\u0007 theirs" }, "upstream-failed", "answered 404"],
    [{ status: 429, headers: { "retry-after": "9" }, body: "" }, "overloaded", "429"],
    [{ status: 500, body: "" }, "upstream-failed", "answered 500"],
    [{ status: 200, body: "{}" }, "upstream-failed", "no answer to a query"],
    [{ status: 200, body: "<html>" }, "upstream-failed", "no JSON"],
  ] satisfies [Answer, string, string][])("turns %j into a refusal", async (given, reason, words) => {
    answer = given;
    const refused = refusalOf(await answerTo(axiom(), QUERY));
    expect(refused).toMatchObject({ reason, detail: expect.stringContaining(words) });
    expect(refused.detail).toContain("dataset web");
    expect(refused.detail).not.toContain(TOKEN);
    expect(refused.detail).not.toContain(new URL(receiver.url).host);
    expect(refused.detail.length).toBeLessThan(500);
  });

  it("follows no redirect, which would carry the credential elsewhere", async () => {
    answer = { status: 307, headers: { location: "/elsewhere" } };
    expect(refusalOf(await answerTo(axiom(), QUERY))).toMatchObject({ reason: "upstream-failed", detail: expect.stringContaining("307") });
    expect(receiver.requests.map(({ target }) => target)).toEqual(["/base/v1/datasets/_apl?format=tabular"]);
  });

  it("outlives a connection that is cut, and an answer without end", async () => {
    const cut = receiver.fail({ kind: "cut" });
    expect(refusalOf(await answerTo(axiom(), QUERY))).toMatchObject({ reason: "upstream-failed" });
    await cut;
    answer = { status: 200, body: Buffer.alloc(UPSTREAM_ANSWER_BYTES_MAX + 1, "x") };
    expect(refusalOf(await answerTo(axiom(), QUERY))).toMatchObject({ reason: "query-invalid", detail: expect.stringContaining("16 MB") });
  });
});

describe("a dataset that any server answers over HTTP", () => {
  it("sends the query with the owner's headers, and makes a table of rows", async () => {
    answer = json([
      { _time: "2026-01-02T03:30:00.25Z", host: "a" },
      { host: "b", n: { x: 1 } },
    ]);
    const reply = bodyOf(await answerTo(http({ authorization: "Basic c2VjcmV0", "x-tenant": "seven" }), QUERY));
    expect(sent()).toMatchObject({
      method: "POST",
      target: "/ask?key=k",
      headers: { authorization: "Basic c2VjcmV0", "x-tenant": "seven" },
    });
    expect(sent().body).toMatchObject({
      dataset: "web",
      apl: '["web"] | where host == "web"',
      format: "tabular",
      startTime: QUERY.startTime,
    });
    expect(reply).toMatchObject({
      datasetNames: ["web"],
      status: { rowsMatched: 2 },
      tables: [
        {
          fields: [{ name: "_time", type: "datetime" }, { name: "host" }, { name: "n" }],
          columns: [
            ["2026-01-02T03:30:00.25Z", null],
            ["a", "b"],
            [null, { x: 1 }],
          ],
        },
      ],
    });
  });

  it("names a range always, and takes rows in an object", async () => {
    answer = json({ rows: [{ n: 1 }] });
    const reply = bodyOf(await answerTo(http(), { apl: "web" }, { search: "format=legacy" }));
    expect(sent().body).toMatchObject({ startTime: "2026-01-02T11:45:00Z", endTime: "2026-01-02T12:00:05Z" });
    expect(reply).toMatchObject({ format: "legacy", matches: [{ data: { n: 1 } }] });
  });

  it("passes on what is Axiom's answer already", async () => {
    expect(bodyOf(await answerTo(http(), QUERY))).toEqual(TABULAR);
  });

  it.each([["1"], ["{}"], ['[1, "a"]'], ['{"rows": {}}']])("refuses %s", async (body) => {
    answer = { status: 200, body };
    expect(refusalOf(await answerTo(http(), QUERY)).reason).toBe("upstream-failed");
  });
});

describe("a query of which another server answers a part", () => {
  it("is refused, whichever the other dataset is, and nothing is sent", async () => {
    const refused = refusalOf(await answerTo(axiom(), { apl: "union web, api" }, { datasets: ["api", "web"] }));
    expect(refused).toMatchObject({ reason: "query-invalid", detail: expect.stringMatching(/dataset web .*one query with api/) });
    expect(receiver.requests).toEqual([]);
  });

  it("is our own engine's where no dataset names a server", async () => {
    expect(await answerTo(null, QUERY)).toBeNull();
  });

  it("is refused where the secret does not open, without a word of it", async () => {
    const sealKeys = readSealKeys("2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    const refused = refusalOf(await answerTo(axiom(), QUERY, { outside: { sealKeys } }));
    expect(refused).toMatchObject({ reason: "upstream-failed", detail: expect.stringContaining("SINK_SECRETS_KEY") });
    expect(receiver.requests).toEqual([]);
  });

  it("is refused where the settings cannot work", async () => {
    const settings = { ...axiom(), url: "http://10.0.0.1" };
    expect(refusalOf(await answerTo(settings, QUERY))).toMatchObject({
      reason: "upstream-failed",
      detail: expect.stringContaining("https://"),
    });
  });
});
