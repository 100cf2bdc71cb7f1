/**
 * Against a stand-in: no ClickHouse server runs here. It does what the server does with HTTP inserts: settings in the query, names
 * between backticks, rows by column, tokens remembered per table, errors with their codes. Settings, tokens, quoting and codes were
 * compared with the engine of version 26.9 by hand; that they come over HTTP as here rests on the documentation. Its gzip reader
 * knows one member only.
 */
import { beforeEach, expect, it } from "vitest";
import { describeRemoteSink, sealed } from "../edge/sinks/describe-sink.ts";
import { onlyMember } from "./only-member.ts";
import { type Answer, openTestReceiver, type Request, sinkTo } from "./receiver.ts";

const SETTINGS = [
  "insert_deduplication_token",
  "async_insert",
  "wait_end_of_query",
  "max_insert_block_size",
  "input_format_parallel_parsing",
  "input_format_skip_unknown_fields",
  "date_time_input_format",
];
const SECRETS = { user: "headgate", password: "password-of-the-tests" };
const ODD_TABLE = "ev`ents; DROP\\";

/** Columns and blocks of the tables there are. */
const tables = new Map(
  [`default.events`, `default.${ODD_TABLE}`].map((name) => [
    name,
    { columns: ["_time", "_sysTime", "n"], blocks: new Map<string, string>() },
  ]),
);
const blocksOf = (table = "events") => tables.get(`default.${table}`)?.blocks ?? new Map<string, string>();

function exception(status: number, code: number, text: string): Answer {
  return {
    status,
    headers: { "x-clickhouse-exception-code": String(code) },
    body: `Code: ${code}. DB::Exception: ${text} (version 26.7)\n`,
  };
}

function insert({ method, url, headers, body }: Request): Answer {
  const { searchParams } = url;
  if (headers["x-clickhouse-user"] !== SECRETS.user || headers["x-clickhouse-key"] !== SECRETS.password)
    return exception(403, 516, `${headers["x-clickhouse-user"]}: Authentication failed`);
  const stray = [...searchParams.keys()].find((name) => name !== "query" && !SETTINGS.includes(name));
  if (stray) return exception(404, 115, `Unknown setting '${stray}'`);
  const query = /^INSERT INTO `((?:[^`\\]|\\.)+)`\.`((?:[^`\\]|\\.)+)` FORMAT JSONEachRow$/.exec(searchParams.get("query") ?? "");
  if (method !== "POST" || !query) return exception(400, 62, "Syntax error");
  const name = query
    .slice(1)
    .map((part) => part.replace(/\\(.)/g, "$1"))
    .join(".");
  const table = tables.get(name);
  if (!table) return exception(404, 60, `Table ${name} does not exist`);
  const rows: string[] = [];
  for (const line of onlyMember(body).toString().split("\n").filter(Boolean)) {
    const row = JSON.parse(line);
    const strange = Object.keys(row).some((column) => !table.columns.includes(column));
    if (strange && searchParams.get("input_format_skip_unknown_fields") !== "1") return exception(400, 117, "Unknown field found");
    if (typeof row.n !== "number") return exception(400, 27, "Cannot parse input: expected a number (while reading column n)");
    rows.push(line);
  }
  if (rows.length > Number(searchParams.get("max_insert_block_size"))) return exception(500, 1, "the stand-in takes one block");
  const token = searchParams.get("insert_deduplication_token") ?? crypto.randomUUID();
  if (!table.blocks.has(token)) table.blocks.set(token, rows.map((row) => `${row}\n`).join(""));
  return { status: 200 };
}

const receiver = await openTestReceiver(insert);
const open = (table = "events", secrets: Record<string, string> = SECRETS) =>
  sinkTo(receiver.url, "clickhouse", { database: "default", table }, secrets);
beforeEach(() => blocksOf().clear());

describeRemoteSink("ClickHouse", () => ({
  sink: open(),
  receiver,
  copiesOf: async ({ id }) => [blocksOf().get(id)].filter((rows) => rows !== undefined),
}));

it("asks for one block, written before the answer, under the segment's id", async () => {
  const segment = sealed();
  await open().write(segment);
  const { searchParams } = receiver.requests.at(-1)?.url ?? new URL("http://none");
  expect(Object.fromEntries(searchParams)).toMatchObject({
    insert_deduplication_token: segment.id,
    async_insert: "0",
    wait_end_of_query: "1",
    max_insert_block_size: "2",
    input_format_parallel_parsing: "0",
  });
});

it("quotes a table's name so that it stays a name", async () => {
  const segment = sealed();
  await open(ODD_TABLE).write(segment);
  expect(blocksOf(ODD_TABLE).has(segment.id)).toBe(true);
});

it.each([
  ["a header", { "x-clickhouse-exception-code": "241" }, ""],
  ["the body", {}, "Code: 241. DB::Exception: Memory limit exceeded (MEMORY_LIMIT_EXCEEDED)\n"],
  ["a mark in the body", {}, "\r\n__exception__\r\nsomething\r\n"],
])("takes a 200 for a failure when %s tells of an exception", async (_, headers: Record<string, string>, body) => {
  const met = receiver.fail({ kind: "answer", status: 200, headers, body });
  await expect(open().write(sealed())).rejects.toMatchObject({ name: "SinkFailure", permanent: false });
  await met;
});

it("knows rows that do not fit the table, whatever the status, and leaves none of them", async () => {
  const met = receiver.fail({ kind: "answer", ...exception(500, 117, "INCORRECT_DATA"), body: "Code: 117. DB::Exception: no" });
  await expect(open().write(sealed())).rejects.toMatchObject({ permanent: true, message: expect.stringContaining("Code: 117") });
  await met;
});

it.each([
  [500, 252],
  [500, 241],
  [503, 999],
])("comes again after %i with code %i", async (status, code) => {
  const met = receiver.fail({ kind: "answer", ...exception(status, code, "later"), body: "later" });
  await expect(open().write(sealed())).rejects.toMatchObject({ permanent: false });
  await met;
});

it("waits for the owner when the table is missing or the password is refused, and tells no secret", async () => {
  for (const sink of [open("another"), open("events", { user: "headgate-of-the-tests", password: "wrong-password" })]) {
    const failure = await sink.write(sealed()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ permanent: false, retryAfterMs: expect.any(Number) });
    expect(String(failure)).not.toContain("headgate-of-the-tests");
  }
});
