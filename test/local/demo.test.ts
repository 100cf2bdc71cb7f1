/** `npm run demo`, and the account it keeps. */
import { describe, expect, it } from "vitest";
import { asStored, encodeBatch, eventAt } from "../../src/local/demo/batches.ts";
import { newLedger, noteSent, noteStored, verdictOf } from "../../src/local/demo/ledger.ts";
import { readLines } from "../../src/local/demo/lines.ts";
import { command } from "./command.ts";

const LINES = [
  { source: "a.log", line: 1, text: 'one, "two"' },
  { source: "a.log", line: 2, text: "drei ü" },
];
const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 999);

function account(...stored: string[]) {
  const ledger = newLedger();
  for (const seq of [0, 1]) noteSent(ledger, seq, eventAt(seq, LINES, START_MS));
  for (const line of stored) noteStored(ledger, line);
  return verdictOf(ledger);
}

function storedAs(seq: number, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ _sysTime: "2026-01-02T03:04:06Z", ...eventAt(seq, LINES, START_MS), ...changes });
}

it("brings every event back, once and as it was sent", async () => {
  const { code, stdout, stderr } = await command("demo.ts", "--megabytes", "1");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/ndjson +40000 events/);
  expect(stdout).toMatch(/csv +40000 events/);
  expect(stdout).toContain("80000 sent, 80000 equal, 0 missing, 0 repeated, 0 different");
  expect(stdout.match(/v1\/org=\S+\/dataset=demo-(us|eu)\//g)?.length).toBeGreaterThanOrEqual(2);
});

describe("its account", () => {
  it("is even when all came back, in any order and with times spelled anew", () => {
    const verdict = account(storedAs(1, { _time: "2026-01-02T04:04:05.999001001+01:00" }), storedAs(0));
    expect(verdict).toEqual({ sent: 2, equal: 2, missing: 0, repeated: 0, different: [] });
  });

  it.each<[string, string[], object]>([
    ["a missing event", [storedAs(0)], { missing: 1 }],
    ["a repeated event", [storedAs(0), storedAs(1), storedAs(1)], { repeated: 1 }],
    ["a changed value", [storedAs(0), storedAs(1, { text: "drei u" })], { missing: 1, different: [expect.any(String)] }],
    ["a number that became a text", [storedAs(0), storedAs(1, { line: "2" })], { missing: 1 }],
    ["a member too many", [storedAs(0), storedAs(1, { more: 1 })], { missing: 1 }],
    ["a nanosecond lost", [storedAs(0), storedAs(1, { _time: "2026-01-02T03:04:05.999001Z" })], { missing: 1 }],
    ["no receive time", [storedAs(0), storedAs(1, { _sysTime: undefined })], { missing: 1 }],
    ["an event that nobody sent", [storedAs(0), storedAs(1), storedAs(2)], { different: [expect.any(String)] }],
  ])("finds %s", (_, stored, found) => {
    expect(account(...stored)).toMatchObject(found);
  });
});

describe("its events", () => {
  it("are lines of this machine", () => {
    const lines = readLines();
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.every(({ text, source }) => text !== "" && source.startsWith("/"))).toBe(true);
  });

  it("never share a time", () => {
    const times = Array.from({ length: 1_000 }, (_, seq) => eventAt(seq, LINES, START_MS)["_time"]);
    expect(new Set(times).size).toBe(1_000);
    expect(times[0]).toBe("2026-01-02T03:04:05.999000000Z");
    expect(times[999]).toBe("2026-01-02T03:04:06.000000000Z".replace("06.000000000", "05.999999999"));
  });

  it("are quoted in CSV where they must be", () => {
    const csv = encodeBatch([eventAt(0, LINES, START_MS)], "csv").toString();
    expect(csv.split("\n")[0]).toBe("_time,seq,source,line,host,text");
    expect(csv).toContain(',"one, ""two"""\n');
    expect(asStored(eventAt(0, LINES, START_MS), "csv")).toMatchObject({ seq: "0", line: "1" });
  });
});
