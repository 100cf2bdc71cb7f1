/** The events that the golden queries are asked about: NDJSON lines as the ingest path leaves them, the same in every run. */
import { type Draw, openDraw } from "./draw.ts";

export type Event = Record<string, unknown>;

const LOGS = 5000;
const FIRST = Date.UTC(2026, 1, 27, 0, 0, 0);
/** On average between two events: so they cover six days, of two months. */
const BETWEEN_MS = 103_680;

const SERVICES = ["api", "web", "db", "auth", "worker", "cache", "zürich-edge"];
const LEVELS = ["info", "info", "info", "warn", "error", "debug", "INFO", "Error"];
const STATUSES = [200, 200, 200, 201, 204, 301, 404, 404, 500, 503];
const METHODS = ["GET", "GET", "POST", "PUT", "DELETE"];
const COUNTRIES = ["DE", "FR", "US", "JP", "BR"];
const CITIES: Record<string, readonly string[]> = {
  ...{ DE: ["Berlin", "Köln", "München"], FR: ["Paris", "Orléans"] },
  ...{ US: ["Boston", "New York"], JP: ["東京", "大阪"], BR: ["São Paulo"] },
};
const WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon".split(" ");
const TAGS = ["red", "green", "blue", "Größe", "a b", "x,y"];
const MAYBE = ["", null, undefined, "set", " ", "Set"];
const NUMBER_TEXTS = ["12", "3.5", "-7", "abc", "", "1e3", "0x1F", "007", "12.50", "true", null, undefined];
const JSON_TEXTS = ['{"a":1,"b":[1,2,3]}', '{"a":{"c":"deep"}}', "[10,20,30]", "not json", '{"a":"x\\"y"}', "42", "null", '{"a":2.5'];
const CSV_TEXTS = ["a,b,c", '"x,y",z', "1,,3", "single", '"say ""hi""",end'];
const STARTS = ["2024-02-29T23:59:59Z", "2023-12-31T12:30:00+02:00", "2025-01-01T00:00:00.5Z", "2026-03-31", "1999-07-04T06:05:04.003002Z"];

/** As a text and in microseconds, by hand. */
const LENGTHS: readonly (readonly [text: string, microseconds: number])[] = [
  ["00:00:01", 1_000_000],
  ["00:01:30.5", 90_500_000],
  ["1.02:03:04", 93_784_000_000],
  ["-00:00:10", -10_000_000],
  ["90m", 5_400_000_000],
  ["1h30m", 5_400_000_000],
  ["250ms", 250_000],
  ["1.5s", 1_500_000],
  ["2d", 172_800_000_000],
  ["15us", 15],
];

/** Texts with everything that a reader of lines could stumble over. */
function messageOf(draw: Draw, id: number): string {
  const path = `/v1/${draw.one(["users", "orders", "items"])}/${draw.whole(1, 99)}`;
  return draw.one([
    `request ${id} to ${path} done`,
    `Error: time out after ${draw.whole(1, 30)}s`,
    `user said "hello, ${draw.one(["world", "Wörld", "мир"])}"`,
    `C:\\temp\\file_${draw.whole(1, 9)}.log not found`,
    `first line\nsecond line ${draw.whole(1, 5)}`,
    `tab\there; emoji 🚀 and accent é`,
    `error_code=${draw.whole(1, 20)} retry-after=${draw.whole(1, 60)}`,
    `It's 100% 'done' — naïve café`,
    "connection TIMEOUT while reading",
    "",
  ]);
}

function mixedOf(draw: Draw): unknown {
  return draw.one<unknown>([1, 5, 2.5, -3, "5", "abc", "", true, false, null, undefined, [1, "a"], ["5"]]);
}

function geoOf(draw: Draw): unknown {
  if (draw.chance() < 0.1) return draw.one([null, undefined]);
  const country = draw.one(COUNTRIES);
  const city = draw.one(CITIES[country] ?? []);
  return { country, city, loc: { lat: draw.broken(-60, 60, 4), lon: draw.broken(-180, 180, 4) } };
}

function lineOf(draw: Draw): string {
  if (draw.chance() < 0.1) return draw.one(["garbage", "user=", "user=x action=y"]);
  const user = draw.one(["ann", "bob", "çem"]);
  return `user=${user} action=${draw.one(["login", "log out"])} code=${draw.whole(-5, 40)} took=${draw.broken(0, 9, 2)}s`;
}

function addressOf(draw: Draw): string {
  if (draw.chance() < 0.05) return draw.one(["999.1.1.1", "not an address", "10.0.0", ""]);
  return `${draw.one(["10.0", "192.168", "172.16", "172.40", "8.8", "203.0"])}.${draw.whole(0, 3)}.${draw.whole(0, 255)}`;
}

function urlOf(draw: Draw): string {
  const query = draw.one(["", "?q=a%20b&lang=de", "?id=7", "?empty=&x=1"]);
  return `${draw.one(["http", "https"])}://${draw.one(["example.com", "shop.example.org:8443"])}/${draw.one(WORDS)}/${draw.whole(1, 9)}${query}${draw.one(["", "#top"])}`;
}

/** A member may be missing, be null, or be there. */
function often<T>(draw: Draw, value: T, missing: number, isNull = 0): T | null | undefined {
  const chance = draw.chance();
  return chance < missing ? undefined : chance < missing + isNull ? null : value;
}

function timeText(ms: number, draw: Draw): string {
  const whole = new Date(ms).toISOString().slice(0, 19);
  return `${whole}${draw.one(["", ".5", `.${draw.text("0123456789", 3)}`, `.${draw.text("0123456789", 6)}`, `.${draw.text("0123456789", 9)}`])}Z`;
}

function logOf(draw: Draw, id: number): Event {
  const ms = FIRST + id * BETWEEN_MS + draw.whole(0, BETWEEN_MS - 1);
  const length = draw.one(LENGTHS);
  const list = <T>(most: number, of: () => T) => Array.from({ length: draw.whole(0, most) }, of);
  return {
    _time: timeText(ms, draw),
    _sysTime: new Date(ms + draw.whole(0, 5000)).toISOString(),
    id,
    service: draw.uneven(SERVICES),
    host: often(draw, `host-${String(draw.whole(1, 12)).padStart(2, "0")}`, 0.02),
    level: often(draw, draw.one(LEVELS), 0.05, 0.03),
    method: draw.one(METHODS),
    status: often(draw, draw.one(STATUSES), 0.04),
    ms: often(draw, Number(Math.exp(draw.chance() * 10).toFixed(3)), 0.02),
    bytes: often(draw, draw.whole(0, 5_000_000_000), 0, 0.05),
    temp: often(draw, draw.broken(-20, 40, 1), 0.03, 0.03),
    delta: draw.whole(-500, 500),
    divisor: draw.whole(-3, 3),
    ok: often(draw, draw.chance() < 0.7, 0.05, 0.05),
    message: messageOf(draw, id),
    line: lineOf(draw),
    path: `/api/v${draw.whole(1, 2)}/${draw.one(["users", "orders"])}/${draw.whole(1, 200)}`,
    url: often(draw, urlOf(draw), 0.05),
    ip: often(draw, addressOf(draw), 0.03, 0.02),
    ip6: draw.one(["2001:db8::1", "2001:db8:0:0::2", "fe80::1", "::ffff:10.0.0.1"]),
    took: length[0],
    took_us: length[1],
    span_ns: draw.whole(0, 5_000_000) * 1000,
    started: often(draw, draw.one(STARTS), 0.1),
    epoch: draw.whole(0, 2_000_000_000),
    tags: often(
      draw,
      list(4, () => draw.one(TAGS)),
      0.08,
      0.04,
    ),
    nums: often(
      draw,
      list(5, () => draw.broken(-9, 9, draw.whole(0, 1))),
      0.05,
    ),
    items: list(3, () => ({ sku: draw.one(["A1", "B2", "C3"]), qty: draw.whole(1, 9) })),
    geo: geoOf(draw),
    user: { id: draw.whole(1, 300), name: draw.one(["Ann", "bob", "Çem", "d'Arc"]) },
    "http.route": draw.one(["/users/:id", "/orders", "/"]),
    "odd name": draw.whole(1, 7),
    mixed: mixedOf(draw),
    numtext: draw.one(NUMBER_TEXTS),
    jsontext: draw.one(JSON_TEXTS),
    csvtext: draw.one(CSV_TEXTS),
    maybe: draw.one(MAYBE),
    word: draw.uneven(WORDS),
    trace: `${draw.text("0123456789abcdef", 12)}${id.toString(16).padStart(4, "0")}`,
  };
}

/** One for most services, and one that no event has. */
function teamOf(draw: Draw, i: number): Event {
  const service = [...SERVICES.slice(0, 5), "billing"][i];
  const time = new Date(FIRST + i * 3_600_000).toISOString();
  return { ...{ _time: time, _sysTime: time }, service, team: `team ${i % 3}`, tier: i % 2, budget: draw.broken(10, 99, 2), id: i };
}

/** Several for a service, with times of their own. */
function deployOf(draw: Draw, i: number): Event {
  const time = new Date(FIRST + draw.whole(0, 6 * 86_400_000)).toISOString();
  const host = often(draw, `host-${String(draw.whole(1, 14)).padStart(2, "0")}`, 0.1);
  return {
    ...{ _time: time, _sysTime: time },
    service: draw.one(SERVICES),
    host,
    version: `1.${i % 7}.${i}`,
    size: draw.whole(1, 9),
    good: i % 5 > 0,
  };
}

export const DATASETS: Record<string, readonly Event[]> = {
  logs: made(1, LOGS, logOf),
  teams: made(2, 6, teamOf),
  deploys: made(3, 60, deployOf),
};

function made(seed: number, count: number, of: (draw: Draw, i: number) => Event): readonly Event[] {
  const draw = openDraw(seed);
  return Array.from({ length: count }, (_, i) => of(draw, i));
}
