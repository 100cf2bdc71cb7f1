import { describe, expect, it } from "vitest";
import { openColumns } from "../../../src/edge/query/apl/columns.ts";
import type { Scan, Wanted } from "../../../src/edge/query/apl/source.ts";
import { openCursors, type Position, positionOf, withCursors } from "../../../src/edge/query/cursor.ts";

const cursorOf = openCursors();
const T0 = Date.UTC(2026, 0, 2) * 1_000;
const TIMES = [-62_135_596_800e6, -1_000_001, -1, 0, 1, 999_999, 1_000_000, T0, T0 + 1, T0 + 1_000, T0 + 999_000, 253_402_300_799e6];

const EVENTS: [number, string][] = [
  [T0, "s1-00000000"],
  [T0, "s1-00000001"],
  [T0 + 1, "s0-00000000"],
  [T0 + 1_000_000, "s2-00000000"],
];

async function read(position: Position | null, names: string[] = ["id", "_rowID"]): Promise<{ ids: string[]; wanted: Wanted | null }> {
  let wanted: Wanted | null = null;
  const scan: Scan = async function* (_, asked, columns) {
    wanted = asked;
    const slots = ["_time", "_rowID", "id"].map((name) => columns.slot(name));
    yield EVENTS.map(([time, id]) => {
      const row: (string | number)[] = [];
      for (const [n, slot] of slots.entries()) row[slot] = [time, id, id][n] as string | number;
      return row;
    });
  };
  const columns = openColumns();
  const ids: string[] = [];
  for await (const rows of withCursors(scan, position, false)("logs", { names, from: 0, to: 1e18, texts: [] }, columns))
    for (const row of rows) ids.push(String(row[columns.find("id") ?? -1]));
  return { ids, wanted };
}

const at = (index: number, inclusive: boolean, descending: boolean) =>
  positionOf({ cursor: cursorOf(...(EVENTS[index] as [number, string])), inclusive }, descending);

describe("a cursor", () => {
  it("holds its event's time to the microsecond", () => {
    for (const time of TIMES) expect(positionOf({ cursor: cursorOf(time, "s-0"), inclusive: false }, true).time).toBe(time);
  });

  it("sorts as events do: by time, then by id", () => {
    const cursors = [...TIMES]
      .sort((a, b) => a - b)
      .flatMap((time) => [cursorOf(time, "a-00000001"), cursorOf(time, "a-0000000a"), cursorOf(time, "b-00000000")]);
    expect([...cursors].sort()).toEqual(cursors);
  });

  it.each(["", "x", "2026-01-02T00:00:00Z", "0".repeat(12), `${"0".repeat(12)}-`, `${"0".repeat(12)}-a b`, `${"Z".repeat(12)}-a`])(
    "is not %j",
    (cursor) => {
      expect(() => positionOf({ cursor, inclusive: true }, true)).toThrow(/minCursor, maxCursor/);
    },
  );

  it("goes on with older events where the newest come first, and with younger ones otherwise", async () => {
    expect((await read(at(2, false, true))).ids).toEqual(["s1-00000000", "s1-00000001"]);
    expect((await read(at(2, true, true))).ids).toEqual(["s1-00000000", "s1-00000001", "s0-00000000"]);
    expect((await read(at(2, false, false))).ids).toEqual(["s2-00000000"]);
    expect((await read(at(2, true, false))).ids).toEqual(["s0-00000000", "s2-00000000"]);
  });

  it("tells events of one time apart", async () => {
    expect((await read(at(1, false, true))).ids).toEqual(["s1-00000000"]);
    expect((await read(at(0, false, false))).ids).toEqual(["s1-00000001", "s0-00000000", "s2-00000000"]);
  });

  it("narrows what is read, and asks for what it needs", async () => {
    expect((await read(at(2, false, true))).wanted).toMatchObject({ from: 0, to: T0 + 2, names: ["id", "_rowID", "_time"] });
    expect((await read(at(2, false, false))).wanted).toMatchObject({ from: T0 + 1, to: 1e18 });
    expect((await read(null)).ids.length).toBe(4);
    expect((await read(null, ["id"])).wanted?.names).toEqual(["id"]);
    expect((await read(at(2, false, false), ["id"])).wanted?.names).toEqual(["id", "_time", "_rowID"]);
  });
});
