/** A token that may query one dataset reads no other, wherever in a query it is named: nothing at all is asked of storage. */
import { beforeEach, describe, expect, it } from "vitest";
import { HERE, organisation, token } from "../gateway.ts";
import { ask } from "./asking.ts";

let reader: string;

beforeEach(async () => {
  const org = await organisation({ mine: HERE, other: HERE, "other-2.x": HERE });
  reader = await token(org, { mine: ["query:read"], other: ["ingest:create"] });
});

/** `other` is there, and the token may only send to it. */
const SHAPES = [
  "other",
  "['other']",
  '["other"]',
  "other | take 1",
  "  \n other",
  "// mine\nother",
  "['other'] // | mine",
  "other-2.x | count",
  "['other-2.x']",
  "(other)",
  "((other | where true))",
  "union mine, other",
  "union other, mine",
  "union ['mine'], ['other']",
  "union (mine | take 1), (other | take 1)",
  "union withsource=s mine, other",
  "union kind=outer mine, other",
  "union mine, (union mine, other)",
  "mine | union other",
  "mine | union (other | project x)",
  "mine | take 1 | union mine, other",
  "mine | union (mine | union other)",
  "mine | join (other) on x",
  "mine | join other on x",
  "mine | join kind=inner (other | where y > 1) on x",
  "mine | join kind=leftouter (other) on $left.x == $right.y",
  "mine | join (mine | join (other) on x) on x",
  "other | join (mine) on x",
  "search in (other) 'x'",
  "search in (mine, other) 'x'",
  "search in (mine, (other | take 1)) 'x'",
  "let t = other; t | take 1",
  "let t = other; mine | join (t) on x",
  "let t = mine | union other; t",
  "let t = other; mine",
  "let a = mine; let b = other; union a, b",
  // a value hides no dataset, and neither does a table that is given later or after itself
  "let other = 5; other | take 1",
  "let other = other; other",
  "let t = other; let other = mine; union t, other",
  "let other = mine | where y == 1; let t = other; ['other-2.x'] | union t",
  "mine | where x == 1 | summarize count() by y | join (other | summarize count() by y) on y",
  "union mine, (let_ | take 1)",
  "mine | union other | count",
];

describe("a token of one dataset", () => {
  it("may query that one", async () => {
    for (const apl of [
      "mine",
      "union mine, (mine | take 1)",
      "let t = mine; t | join (t) on x",
      "let mine = 5; mine",
      "let other = mine; union other, ['other']",
    ]) {
      const { status, asked } = await ask(reader, null, { apl });
      expect([apl, status, Object.keys(asked?.destinations ?? {})]).toEqual([apl, 200, ["mine"]]);
    }
    expect((await ask(reader, "mine", { startTime: "now-1h", endTime: "now" })).status).toBe(200);
  });

  it("is tried in 40 shapes and more", () => expect(SHAPES.length).toBeGreaterThanOrEqual(40));

  it.each(SHAPES)("reads no other: %s", async (apl) => {
    const { status, reason, asked } = await ask(reader, null, { apl });
    expect([apl, asked]).toEqual([apl, null]);
    expect(["403 forbidden", "404 dataset-unknown"]).toContain(`${status} ${reason}`);
  });

  it("reads no other by variables, by encodings, or by the address", async () => {
    for (const variables of [{ mine: "other" }, { t: "other" }, { other: { name: "mine" } }]) {
      const { asked } = await ask(reader, null, { apl: "mine", variables });
      expect(Object.keys(asked?.destinations ?? {})).toEqual(["mine"]);
    }
    for (const apl of ["['m%69ne']", "['mine ']", "['../other']", "['mine/../other']", "['other\u0000']"])
      expect((await ask(reader, null, { apl })).asked).toBeNull();
    for (const search of ["?id=other", "?dataset=other", "?dataset_name=other"])
      expect(Object.keys((await ask(reader, null, { apl: "mine" }, { search })).asked?.destinations ?? {})).toEqual(["mine"]);
  });

  it.each(["other", "other-2.x", "nowhere", "%6fther"])("sends no legacy query to %s, and its body is not read", async (dataset) => {
    const { status, asked, bodyRead } = await ask(reader, dataset, { startTime: "now-1h", endTime: "now" });
    expect([403, 404]).toContain(status);
    expect(asked).toBeNull();
    expect(bodyRead).toBe(false);
  });

  it("reads no other by a legacy query's virtual field or name of a field", async () => {
    const body = {
      startTime: "now-1h",
      endTime: "now",
      virtualFields: [{ alias: "x", expr: "other" }],
      groupBy: ["other"],
      aggregations: [{ op: "count" }],
    };
    expect(Object.keys((await ask(reader, "mine", body)).asked?.destinations ?? {})).toEqual(["mine"]);
  });
});
