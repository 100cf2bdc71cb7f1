/** `npm run bench` in its short forms, and the account that it keeps. */
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, shell } from "../local/command.ts";
import { type Batch, verdictOf } from "./ledger.ts";

const BENCH = `"${process.execPath}" "${path.join(ROOT, "test/bench/bench.ts")}"`;

it("overloads one dataset and finds all that was acknowledged stored once, within bounds", async () => {
  const { code, stdout, stderr } = await shell(`${BENCH} --overload --seconds 5`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/256 senders on one dataset for 5 s/);
  expect(stdout).toMatch(/1 event each .* p99 \d+ ms; answers: .*200 x\d+/);
  expect(stdout).toMatch(/gentle sender on another dataset .* p99 \d+ ms; answers: .*200 x\d+/);
  expect(stdout).toMatch(/[1-9]\d* events acknowledged, 0 lost, 0 stored more than once/);
});

it("prices a terabyte from what it counted", async () => {
  const { code, stdout, stderr } = await shell(`${BENCH} --only price`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const line = (name: string) => stdout.split("\n").find((each) => each.startsWith(name)) ?? "";
  const figures = (name: string) => (line(name).match(/[\d.]+/g) ?? []).map(Number);
  // one request of the Worker and one of the object for each body, whatever the machine
  const [price, ...perTerabyte] = figures("Worker requests").slice(-4);
  expect(price).toBe(0.3);
  expect(perTerabyte[0]).toBeGreaterThan(200);
  expect(perTerabyte[0]).toBeLessThan(310);
  const objects = figures("object requests").slice(-3);
  for (const [size, dollars] of objects.entries()) expect(dollars / (perTerabyte[size] as number)).toBeCloseTo(0.5, 1);
  const totals = figures("total");
  expect(totals).toHaveLength(3);
  // group commit: fewer rows than requests, and never none
  for (const rows of figures("rows/request")) {
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(1.2);
  }
});

it("tells for each kind of credential what it costs", async () => {
  const { code, stdout, stderr } = await shell(`${BENCH} --only auth --rounds 1`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const rows = new Map(
    [...stdout.matchAll(/^(\S.*?) {2,}(\d+) +(-?\d+) +(-?\d+)$/gm)].map(([, name, ...cells]) => [name, cells.map(Number)]),
  );
  const kinds = [
    "cached hit",
    "an open door",
    "a draining Worker",
    "KV hit",
    "authority hit",
    "no credential",
    "malformed token",
    "wrong tag",
  ];
  expect([...rows.keys()]).toEqual([...kinds, "revoked token", "JWT ES256", "JWT RS256", "token with limits"]);
  for (const [name, [perRequest]] of rows) expect(perRequest, name).toBeGreaterThan(10);
  // whoever asks more of others pays more, however busy the machine is
  for (const far of ["KV hit", "authority hit"]) expect(rows.get(far)?.[0], far).toBeGreaterThan(rows.get("cached hit")?.[0] as number);
  expect(stdout).toMatch(/^cached hit adds -?\d+ µs \(bound 50 µs\)/m);
});

it("reads a dataset faster than JSON.parse does", { timeout: 180_000 }, async () => {
  const { code, stdout, stderr } = await shell(`${BENCH} --only query --rounds 1`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const ratios = new Map([...stdout.matchAll(/^(\S.*?) {2,}\d+ +\d+ +([\d.]+)x/gm)].map(([, name, ratio]) => [name, Number(ratio)]));
  expect([...ratios.keys()].slice(0, 3)).toEqual(["gunzip and JSON.parse", "scan of 3 fields", "scan for lines with error"]);
  // what is wanted, and a busy machine's due
  expect(ratios.get("scan of 3 fields")).toBeGreaterThan(0.8);
  expect(ratios.get("scan for lines with error")).toBeGreaterThan(1.5);
  expect(ratios.get("scan of all fields, 100 rows")).toBeGreaterThan(5);
  expect(ratios.get("group by 5 minutes and service")).toBeGreaterThan(0.8);
  expect(ratios.get("where level is error, counted")).toBeGreaterThan(1.5);
  expect(ratios.get("where client is of one network")).toBeGreaterThan(1.5);
  expect(ratios.get("take 100")).toBeGreaterThan(5);
});

it("says which rows there are not", async () => {
  const { code, stderr } = await shell(`${BENCH} --only nonsense`);
  expect(code).toBe(1);
  expect(stderr).toContain('no row\'s name contains "nonsense"');
});

describe("the account of an overload", () => {
  const batch = (first: number, events: number, acknowledged: boolean): Batch => ({ first, events, acknowledged });

  it.each<[string, Batch[], number[], object]>([
    ["nothing, when all is there once", [batch(1, 2, true), batch(3, 1, true)], [0, 1, 1, 1], { acknowledged: 3, lost: 0, repeated: 0 }],
    ["an acknowledged event that is missing", [batch(1, 2, true)], [0, 1, 0], { acknowledged: 2, lost: 1, repeated: 0 }],
    ["an acknowledged event that is there twice", [batch(1, 2, true)], [0, 1, 2], { acknowledged: 2, lost: 0, repeated: 1 }],
    ["nothing, when a batch without an answer is not there", [batch(1, 2, false)], [0, 0, 0], { acknowledged: 0, lost: 0, repeated: 0 }],
    ["nothing, when a batch without an answer is there", [batch(1, 2, false)], [0, 1, 1], { acknowledged: 0, lost: 0, repeated: 0 }],
    ["a batch without an answer that is there twice", [batch(1, 1, false)], [0, 2], { acknowledged: 0, lost: 0, repeated: 1 }],
  ])("finds %s", (_, batches, stored, verdict) => {
    expect(verdictOf(batches, Uint8Array.from(stored))).toEqual(verdict);
  });
});

it("tells what it costs senders that a dataset is watched", async () => {
  const { code, stdout, stderr } = await shell(`${BENCH} --tail --rounds 1`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const part of ["p50", "p99"])
    expect(stdout).toMatch(new RegExp(`^${part} ms {3}nobody [\\d.]+ {3}20 viewers [\\d.]+ {3}\\([\\d.]+x\\)$`, "m"));
  // all that was sent while they watched, but what one portion may still hold
  expect(Number(/^each viewer was shown at least ([\d.]+) MB$/m.exec(stdout)?.[1])).toBeGreaterThan(0.3);
});
