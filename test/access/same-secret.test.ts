import { expect, it } from "vitest";
import { sameSecret } from "../../src/access/same-secret.ts";

it.each<[string, string, boolean]>([
  ["abc", "abc", true],
  ["", "", true],
  ["abc", "abd", false],
  ["abc", "ab", false],
  ["abc", "ABC", false],
  ["a", "", false],
  ["\u00e9", "e\u0301", false],
])("92 compares %j with %j, whatever their lengths", (one, other, same) => {
  expect(sameSecret(one, other)).toBe(same);
});
