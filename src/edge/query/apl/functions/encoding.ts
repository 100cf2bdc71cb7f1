/** Texts that stand for something else: Base64, URLs, JSON, CSV, sizes in bytes. */
import type { Value } from "../value.ts";
import { boundedText, parseJson } from "./bounds.ts";
import { type Bag, define, printed, type ScalarFunction } from "./define.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function fromBase64(text: string): Buffer | null {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? Buffer.from(text, "base64") : null;
}

function decoded(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function isByte(value: Value): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}

function urlDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function queryOf(text: string): Bag {
  // without a prototype, so that a parameter of any name is just a member
  const parameters: Record<string, Value> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) parameters[name] = value;
  return { ...parameters };
}

function parseUrl(text: string): Value {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return null;
  return {
    scheme: url.protocol.slice(0, -1),
    host: url.hostname,
    port: url.port,
    path: url.pathname,
    username: urlDecode(url.username),
    password: urlDecode(url.password),
    query: queryOf(url.search),
    fragment: url.hash.slice(1),
  };
}

/** Of a whole URL, only what stands behind its question mark. */
function parseUrlQuery(text: string): Value {
  const mark = text.indexOf("?");
  return queryOf((mark < 0 ? text : text.slice(mark + 1)).replace(/#.*$/s, ""));
}

function formatUrl(parts: Bag): string | null {
  const part = (name: string) => printed(parts[name]).toWellFormed();
  if (part("host") === "") return null;
  const user =
    part("user") === "" ? "" : `${encodeURIComponent(part("user"))}${part("password") && `:${encodeURIComponent(part("password"))}`}@`;
  const path = part("path").replace(/^(?=[^/])/, "/");
  const query = parts["query"];
  const search =
    typeof query === "object" && query !== null ? Object.entries(query).map(([k, v]) => [k, printed(v as Value)]) : part("query");
  const text = `${part("scheme") || "https"}://${user}${part("host")}${part("port") && `:${part("port")}`}${path}`;
  const parameters = new URLSearchParams(search).toString();
  return `${text}${parameters && `?${parameters}`}${part("fragment") && `#${encodeURIComponent(part("fragment"))}`}`;
}

/** RFC 4180: the fields of the first record. */
function parseCsv(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = "";
    if (text.charAt(at) === '"') {
      for (at++; at < text.length; at++) {
        const quote = text.indexOf('"', at);
        field += text.slice(at, quote < 0 ? text.length : quote);
        at = quote < 0 ? text.length : quote + 1;
        if (text.charAt(at) !== '"') break;
        field += '"';
      }
    }
    const rest = /[^,\r\n]*/y;
    rest.lastIndex = at;
    const bare = rest.exec(text)?.[0] ?? "";
    fields.push(field + bare);
    at += bare.length;
    if (text.charAt(at) !== ",") return fields;
    at++;
  }
}

const BINARY = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];
const SIZE = /^\s*(\d+(?:\.\d+)?)\s*([kmgtpe]?)(i?)(b|bytes?)?\s*$/i;

function parseBytes(text: string, base = 2): number {
  const match = SIZE.exec(text);
  if (match === null) return 0;
  const [, number, prefix = ""] = match;
  const power = prefix === "" ? 0 : "kmgtpe".indexOf(prefix.toLowerCase()) + 1;
  return Math.round(Number(number) * (base === 10 ? 1000 : 1024) ** power);
}

function formatBytes(value: number, precision = 0, unit = "", base = 2): string {
  const step = base === 10 ? 1000 : 1024;
  const wanted = BINARY.findIndex((one) => one.toLowerCase() === unit.replace(/i(?=b)/i, "").toLowerCase());
  let power = wanted;
  if (power < 0) for (power = 0; power < BINARY.length - 1 && Math.abs(value) >= step ** (power + 1); power++);
  return `${(value / step ** power).toFixed(Math.min(Math.max(precision, 0), 20))} ${wanted < 0 ? BINARY[power] : unit}`;
}

const json = define("The value of a JSON text; what is no JSON stays a text.", ["any"], "dynamic", (value) => {
  if (typeof value !== "string") return value;
  const parsed = parseJson(value);
  return parsed === undefined ? value : parsed;
});

export const ENCODING_FUNCTIONS: Record<string, ScalarFunction> = {
  base64_encode_tostring: define("A text in Base64.", ["text"], "string", (text) =>
    boundedText(Buffer.from(text, "utf8").toString("base64")),
  ),
  base64_decode_tostring: define("The text that stands in Base64; null if it is none.", ["text"], "string", (text) =>
    decoded(fromBase64(text)),
  ),
  base64_encode_fromarray: define("Bytes in Base64.", ["array"], "string", (bytes) =>
    bytes.every(isByte) ? Buffer.from(bytes).toString("base64") : null,
  ),
  base64_decode_toarray: define("The bytes that stand in Base64.", ["text"], "dynamic", (text) => {
    const bytes = fromBase64(text);
    return bytes === null ? null : [...bytes];
  }),
  url_encode: define("A text as part of a URL.", ["text"], "string", (text) => boundedText(encodeURIComponent(text.toWellFormed()))),
  url_decode: define("A text that was part of a URL.", ["text"], "string", urlDecode),
  parse_url: define("scheme, host, port, path, username, password, query and fragment of a URL.", ["text"], "dynamic", parseUrl),
  parse_urlquery: define("The parameters in a URL's query.", ["text"], "dynamic", parseUrlQuery),
  format_url: define("A URL of scheme, host, port, path, user, password, query and fragment.", ["bag"], "string", formatUrl),
  parse_json: json,
  todynamic: json,
  parse_csv: define("The fields of one record of CSV.", ["text"], "dynamic", parseCsv),
  parse_bytes: define(
    "The number of bytes in a size such as 1 KB: (text, base 2 or 10); 0 if it is none.",
    ["text", "whole?"],
    "long",
    parseBytes,
  ),
  format_bytes: define(
    "A size with its unit: (bytes, precision, unit, base).",
    ["number", "whole?", "text?", "whole?"],
    "string",
    formatBytes,
  ),
};
