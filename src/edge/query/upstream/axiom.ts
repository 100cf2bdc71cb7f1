/**
 * Another endpoint that speaks Axiom's query API: Axiom itself, or another Headgate. Its answer is passed on as it is, but for the
 * dataset's name. Virtual fields are those that are defined there.
 * Spec: https://axiom.co/docs/restapi/endpoints/queryApl
 */
import type { UpstreamSettings } from "../../../access/upstream-settings.ts";
import { below, type Reply } from "../../sinks/receiver.ts";
import { timeText } from "../reply/value.ts";
import type { AplRequest } from "../request/apl.ts";
import { isObject, type Json } from "../request/members.ts";
import { forwardedText } from "./canonical.ts";
import { type Exchange, isOk, jsonOf, openExchange } from "./exchange.ts";

/** @param settings secrets opened. @returns the answer's body, as values. @throws Problem; QueryFault for the query. */
export async function askAxiom(
  request: AplRequest,
  settings: UpstreamSettings,
  dataset: string,
  fetch: typeof globalThis.fetch,
): Promise<unknown> {
  const { options, secrets, url } = settings;
  const there = options["dataset"] ?? "";
  const exchange = openExchange(fetch, settings, dataset);
  const address = below(url, "v1", "datasets", "_apl");
  address.searchParams.set("format", request.format);
  const headers = {
    authorization: `Bearer ${secrets["token"] ?? ""}`,
    "content-type": "application/json",
    ...(options["org"] === undefined ? {} : { "x-axiom-org-id": options["org"] }),
  };
  const apl = forwardedText(request.apl, dataset, there, Object.keys(request.variables));
  const reply = await exchange.send(address, { method: "POST", headers, body: JSON.stringify(forwardedBody(request, apl)) });
  if (!isOk(reply)) throw refused(exchange, reply);
  const answer = jsonOf(exchange, reply);
  if (!isAxiomAnswer(answer)) throw exchange.failure("answered with what is no answer to a query");
  return named(answer, there, dataset);
}

/** What Axiom's own clients send. */
export function forwardedBody({ range, cursor, cursorField, variables }: AplRequest, apl: string): Json {
  return {
    apl,
    ...(range.from === null ? {} : { startTime: timeText(range.from) }),
    ...(range.to === null ? {} : { endTime: timeText(range.to) }),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...(cursor === null ? {} : { cursor: cursor.cursor, includeCursor: cursor.inclusive }),
    ...(cursorField ? { includeCursorField: true } : {}),
  };
}

/** A fault in the query is its sender's; one in the credential or the address the owner mends. */
export function refused(exchange: Exchange, { status, text }: Reply) {
  if (status === 400 || status === 422) return exchange.refusal(messageIn(text));
  return exchange.failure(`answered ${status}`, messageIn(text));
}

function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && typeof value["message"] === "string" ? value["message"] : "";
  } catch {
    return "";
  }
}

/** Either format. */
export function isAxiomAnswer(value: unknown): value is Json {
  return (
    isObject(value) &&
    isObject(value["status"]) &&
    (Array.isArray(value["tables"]) || Array.isArray(value["matches"]) || isObject(value["buckets"]))
  );
}

/** The dataset under the name that it has here, wherever an answer tells of it. */
export function named(answer: Json, there: string, here: string): Json {
  const own = (name: unknown) => (name === there ? here : name);
  const { datasetNames, fieldsMetaMap, tables } = answer;
  return {
    ...answer,
    ...(Array.isArray(datasetNames) ? { datasetNames: datasetNames.map(own) } : {}),
    ...(isObject(fieldsMetaMap)
      ? { fieldsMetaMap: Object.fromEntries(Object.entries(fieldsMetaMap).map(([name, value]) => [own(name), value])) }
      : {}),
    ...(Array.isArray(tables) ? { tables: tables.map((table: unknown) => tableNamed(table, own)) } : {}),
  };
}

function tableNamed(table: unknown, own: (name: unknown) => unknown): unknown {
  if (!isObject(table) || !Array.isArray(table["sources"])) return table;
  return {
    ...table,
    sources: table["sources"].map((source: unknown) => (isObject(source) ? { ...source, name: own(source["name"]) } : source)),
  };
}
