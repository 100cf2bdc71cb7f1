/** The short form of `npm run torture`, and whether its long form would notice a fault. */
import { describe, expect, it } from "vitest";
import { mutated } from "./torture/mutate.ts";
import { MUTATIONS } from "./torture/mutations.ts";
import { report, wrongWith } from "./torture/report.ts";
import { FAILURES_PERCENT, torture, type Verdict } from "./torture/run.ts";

it("stores every acknowledged event once while workerd is killed, the bucket fails and clients hang up", async () => {
  const verdict = await torture({ seconds: 10, seed: 1, shards: 2, failuresPercent: FAILURES_PERCENT, mutation: null });
  expect(verdict).toMatchObject({ lost: 0, duplicated: 0, asleep: 0 });
  expect(wrongWith(verdict), report(verdict)).toEqual([]);
  expect(verdict.retriesRecognised).toBeGreaterThan(0);
});

describe("its judgement", () => {
  const GOOD: Verdict = {
    seconds: 1,
    kills: 1,
    acked: 2,
    stored: 2,
    lost: 0,
    duplicated: 0,
    asleep: 0,
    batches: 1,
    large: 1,
    failures: 1,
    retries: 0,
    hangUps: 0,
    replays: 1,
    replaysRecognised: 1,
    retriesRecognised: 0,
  };

  it("passes a run that tested something and found nothing", () => {
    expect(wrongWith(GOOD)).toEqual([]);
  });

  it.each<Partial<Verdict>>([
    { lost: 1 },
    { duplicated: 1 },
    { asleep: 1 },
    { kills: 0 },
    { acked: 0 },
    { replaysRecognised: 0 },
    { failures: 0 },
    { large: 0 },
  ])("fails a run with %o", (change) => {
    expect(wrongWith({ ...GOOD, ...change }).length).toBe(1);
  });
});

describe("its faults", () => {
  it.each(MUTATIONS)("finds where to do wrong: $name", (mutation) => {
    for (const { file } of mutation.edits) expect(mutated(file, mutation)).not.toBe(mutated(file, { ...mutation, edits: [] }));
  });

  it("are refused when the code has moved on", () => {
    const file = "src/edge/buffer/segment.ts";
    const stale = { name: "stale", edits: [{ file, find: "no such text", replace: "" }] };
    expect(() => mutated(file, stale)).toThrow(/0 times/);
  });
});
