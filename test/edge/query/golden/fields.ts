/** The fields of the corpus as columns of tables, each with the type that all its values have; `j` is an event. */

const text = (path: string) => `j->>'$.${path}'`;
const whole = (path: string) => `(j->>'$.${path}')::BIGINT`;
const real = (path: string) => `(j->>'$.${path}')::DOUBLE`;
/** Digits past the microsecond are cut, which the cast alone would leave to DuckDB. */
const time = (path: string) => `regexp_replace(j->>'$.${path}', '(\\.\\d{6})\\d+', '\\1')::TIMESTAMP`;
/** A JSON null is no value. */
const json = (path: string) => `CASE WHEN json_type(j, '$.${path}') <> 'NULL' THEN j->'$.${path}' END`;
const list = (path: string, type: string) => `(${json(path)})::${type}[]`;

const EVENT = { _time: time("_time"), _sysTime: time("_sysTime") };

export const FIELDS: Record<string, Record<string, string>> = {
  logs: {
    ...EVENT,
    id: whole("id"),
    service: text("service"),
    host: text("host"),
    level: text("level"),
    method: text("method"),
    status: whole("status"),
    ms: real("ms"),
    bytes: whole("bytes"),
    temp: real("temp"),
    delta: whole("delta"),
    divisor: whole("divisor"),
    ok: "(j->>'$.ok')::BOOLEAN",
    message: text("message"),
    line: text("line"),
    path: text("path"),
    url: text("url"),
    ip: text("ip"),
    ip6: text("ip6"),
    took: text("took"),
    took_length: "to_microseconds((j->>'$.took_us')::BIGINT)",
    took_us: whole("took_us"),
    span_ns: whole("span_ns"),
    started: text("started"),
    /** With the offset that it may have from UTC, which a cast to TIMESTAMP alone would drop. */
    started_time: "(j->>'$.started')::TIMESTAMPTZ::TIMESTAMP",
    epoch: whole("epoch"),
    tags: list("tags", "VARCHAR"),
    nums: list("nums", "DOUBLE"),
    items: list("items", 'STRUCT("sku" VARCHAR, "qty" BIGINT)'),
    items_json: json("items"),
    country: text("geo.country"),
    city: text("geo.city"),
    lat: real("geo.loc.lat"),
    lon: real("geo.loc.lon"),
    user_id: whole("user.id"),
    user_name: text("user.name"),
    route: text('"http.route"'),
    odd: whole('"odd name"'),
    mixed: json("mixed"),
    mixed_type: "coalesce(nullif(json_type(j, '$.mixed'), 'NULL'), 'NONE')",
    mixed_text: text("mixed"),
    numtext: text("numtext"),
    jsontext: text("jsontext"),
    csvtext: text("csvtext"),
    maybe: text("maybe"),
    word: text("word"),
    trace: text("trace"),
  },
  teams: { ...EVENT, id: whole("id"), service: text("service"), team: text("team"), tier: whole("tier"), budget: real("budget") },
  deploys: {
    ...EVENT,
    service: text("service"),
    host: text("host"),
    version: text("version"),
    size: whole("size"),
    good: "(j->>'$.good')::BOOLEAN",
  },
};
