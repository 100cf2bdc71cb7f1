import { describe, expect, it } from "vitest";
import { parseStrict } from "../../../src/access/workload/strict-json.ts";

describe("JSON in which no object says a member twice", () => {
  it.each([
    "1",
    '"{\\"a\\":1,\\"a\\":2}"',
    "[]",
    "{}",
    '["a","a",["a"]]',
    '{"a":"a","b":"a"}',
    '{"a":{"a":{"a":1}}}',
    '{"b":{"a":1},"a":2}',
    '{"b":[{"a":1},{"a":2}],"a":3}',
    '{"b":[1,"a"],"a":2}',
    '{"a":",","b":"{","c":"}"}',
    '{"a":"\\"a\\":","b":"\\\\"}',
    ' { "a" : [ ] , "b" : { } } ',
  ])("is read as by JSON.parse: %s", (text) => {
    expect(parseStrict(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"a":1,"b":2,"a":1}',
    '{"a":{},"a":{}}',
    '{"b":{"a":1},"a":1,"a":2}',
    '{"b":[1,2],"a":1,"a":2}',
    '{"b":[],"b":[]}',
    '{"b":{"a":1,"a":2}}',
    '[[{"a":1,"a":2}]]',
    '{"b":"}","a":1,"a":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    "",
    "{",
    "{'a':1}",
    '{"a":1}{}',
  ])("is refused otherwise: %s", (text) => {
    expect(() => parseStrict(text)).toThrow(SyntaxError);
  });
});
