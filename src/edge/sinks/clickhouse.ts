/**
 * ClickHouse over HTTP, one INSERT per segment. Exactly once inside the server's deduplication window: the segment's id is the
 * deduplication token. Replicated and shared tables keep a window by default, a plain MergeTree needs the setting
 * `non_replicated_deduplication_window`, other engines keep none.
 * Spec: https://clickhouse.com/docs/interfaces/http
 */
import type { SinkSettings } from "../../access/dataset-settings.ts";
import { isOk } from "./outcome.ts";
import { openReceiver, type Reply } from "./receiver.ts";
import { type Sink, SinkFailure } from "./sink.ts";
import { asOneMember } from "./unpack.ts";

/**
 * Errors that say the rows do not fit the table, whatever status they come with: CANNOT_PARSE_TEXT, _QUOTED_STRING,
 * _INPUT_ASSERTION_FAILED, _DATE, _DATETIME, TYPE_MISMATCH, CANNOT_PARSE_NUMBER, INCORRECT_DATA, CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN.
 */
const UNFIT_CODES = new Set([6, 26, 27, 38, 41, 53, 72, 117, 349]);

export function clickhouseSink({ name, url, options, secrets }: SinkSettings, fetch: typeof globalThis.fetch): Sink {
  const { send, failure, quote } = openReceiver(fetch, url, secrets);
  const { database, table = "" } = options;
  const target = [...(database === undefined ? [] : [database]), table].map(quoted).join(".");
  const { user, password } = secrets;
  const headers = {
    "content-encoding": "gzip",
    ...(user === undefined ? {} : { "x-clickhouse-user": user }),
    ...(password === undefined ? {} : { "x-clickhouse-key": password }),
  };
  return {
    name,
    async write({ id, rows, body }) {
      const address = new URL(url);
      address.search = new URLSearchParams({
        query: `INSERT INTO ${target} FORMAT JSONEachRow`,
        insert_deduplication_token: id,
        async_insert: "0",
        wait_end_of_query: "1",
        // all rows in one block: blocks are deduplicated one by one, and must be cut alike at every attempt
        max_insert_block_size: String(Math.max(rows, 1)),
        input_format_parallel_parsing: "0",
        input_format_skip_unknown_fields: "1",
        date_time_input_format: "best_effort",
      }).toString();
      // one member: the server's gzip reader goes on after a member's end, but may take an empty last piece of it for bytes
      const reply = await send(address, { method: "POST", headers, body: await asOneMember(body) });
      const code = errorCode(reply);
      if (isOk(reply.status) && code === 0) return;
      if (UNFIT_CODES.has(code)) throw new SinkFailure(`ClickHouse refuses the rows: ${quote(reply.text)}`, { permanent: true });
      throw isOk(reply.status) ? new SinkFailure(`ClickHouse failed after its 200: ${quote(reply.text)}`) : failure(reply);
    },
  };
}

/** 0: no error. The server may meet one after it has said 200: then a header holds its code, or the body its text. */
function errorCode({ headers, text }: Reply): number {
  const header = Number(headers.get("x-clickhouse-exception-code") ?? 0);
  if (header !== 0) return header;
  const inBody = /Code: (\d+)[.,]/.exec(text);
  if (inBody) return Number(inBody[1]);
  return /DB::Exception|__exception__/.test(text) ? -1 : 0;
}

/** An identifier between backticks, with ClickHouse's escapes. */
function quoted(name: string): string {
  return `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}
