import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NeededText } from "../../../../src/edge/query/apl/source.ts";
import { openPrefilter } from "../../../../src/edge/query/source/prefilter.ts";

/** Numbers of the lines that are not passed over. */
function kept(lines: string[], groups: NeededText[][]): number[] {
  const prefilter = openPrefilter(groups);
  const text = Buffer.from(lines.map((line) => `${line}\n`).join("")).toString("latin1");
  const numbers: number[] = [];
  for (let start = 0, number = 0; start < text.length; number++) {
    const end = text.indexOf("\n", start);
    if (!prefilter || (prefilter.next(text, start) < end && prefilter.passes(text, start, end))) numbers.push(number);
    start = end + 1;
  }
  return numbers;
}

const exactly = (text: string): NeededText => ({ text, ignoreCase: false });
const loosely = (text: string): NeededText => ({ text, ignoreCase: true });

describe("the prefilter", () => {
  const lines = ['{"level":"error","n":1}', '{"level":"info","n":2}', '{"level":"Error","n":3}', String.raw`{"level":"\u0065rror","n":4}`];

  it.each<[string, NeededText[][], number[]]>([
    ["a text", [[exactly("error")]], [0, 3]],
    ["a text in any case", [[loosely("ERROR")]], [0, 2, 3]],
    ["one of several", [[exactly("info"), exactly("error")]], [0, 1, 3]],
    ["all of several", [[exactly("error")], [exactly('"n"'), exactly("level")]], [0, 3]],
    ["two that no line has both", [[exactly("info")], [exactly("error")]], [3]],
    ["none that any line has", [[exactly("fatal")]], [3]],
  ])("keeps the lines with %s", (_, groups, numbers) => {
    expect(kept(lines, groups)).toEqual(numbers);
  });

  it.each<[string, NeededText[][]]>([
    ["without texts", []],
    ["with a text too short to tell", [[exactly("e")]]],
    ["with a text that JSON spells in its own way only", [[exactly('"\\\n')]]],
    ["with an empty group", [[]]],
    ["with more texts than pay", [Array.from({ length: 100 }, (_, n) => exactly(`text ${n}`))]],
  ])("keeps everything %s", (_, groups) => {
    expect(kept(lines, groups)).toEqual([0, 1, 2, 3]);
  });

  // letters whose other case is elsewhere, halves of pairs, and whatever JSON or a regular expression has a use for
  const characters = fc.constantFrom(
    ...'aAbkKsSiI\u212a\u017f\u0130\u0131ßäÄσς😀\ud83d\ude00é\u0301"\\/\n\t\u0000\u001f\u007f.*+?[](){}|^$-, ',
  );
  const texts = fc.string({ unit: characters, maxLength: 12 });

  it("never passes over a line that matters, however its characters are spelled", () => {
    const spelled = fc.tuple(texts, fc.infiniteStream(fc.nat(9))).map(([text, chance]) => {
      const unit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
      const own: Record<string, string> = { '"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t" };
      const spell = (character: string) => {
        const pick = chance.next().value ?? 0;
        const plain = JSON.stringify(character).slice(1, -1);
        return pick === 0 ? character.split("").map(unit).join("") : pick < 5 ? (own[character] ?? plain) : plain;
      };
      // what is stored has no half pairs but those that are spelled by number
      const line = `{"x":"${[...text].map((each) => (/\p{Surrogate}/u.test(each) ? unit(each) : spell(each))).join("")}"}`;
      return { line, text: (JSON.parse(line) as { x: string }).x };
    });
    const needles = fc.tuple(spelled, fc.nat(), fc.nat(), fc.boolean(), texts);
    fc.assert(
      fc.property(needles, texts, ([{ line, text }, a, b, ignoreCase, other], stranger) => {
        const [from, to] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y);
        const part = text.slice(from, to);
        const needle: NeededText = { text: ignoreCase && a % 2 ? part.toUpperCase() : part, ignoreCase };
        const holds = ignoreCase ? text.toLowerCase().includes(needle.text.toLowerCase()) : true;
        expect(JSON.parse(line)).toEqual({ x: text });
        if (holds)
          expect(kept([`{"x":${JSON.stringify(stranger.toWellFormed())}}`, line], [[exactly(other), needle], [needle]])).toContain(1);
      }),
      { numRuns: 3_000 },
    );
  });
});
