import { beforeEach, describe, expect, it } from "vitest";
import { type Budget, openBudget } from "../../../src/edge/documents/budget.ts";

const NOW = 1_000_000;

let budget: Budget;

beforeEach(() => {
  budget = openBudget();
});

describe("the budget of one second", () => {
  it("is spent once it is used up, and whole again in the next one", () => {
    const spend = (now: number) => budget.spend("tokens", 2, now);
    expect([NOW, NOW + 1, NOW + 999, NOW + 1_000, NOW + 1_000, NOW + 1_999].map(spend)).toEqual([true, true, false, true, true, false]);
  });

  it("is each subject's own", () => {
    expect(budget.spend("tokens", 1, NOW)).toBe(true);
    expect(budget.spend("issuers", 1, NOW)).toBe(true);
    expect(budget.spend("tokens", 1, NOW)).toBe(false);
    expect(budget.spend("issuers", 2, NOW)).toBe(true);
  });
});

describe("an address that tries tokens out", () => {
  const come = (ip: string | null, times: number, now = NOW) => {
    for (let n = 0; n < times; n++) budget.countUnknown(ip, now);
  };

  it("is guessing from the twentieth in a minute on, until that minute is over", () => {
    come("203.0.113.7", 19);
    expect(budget.isGuessing("203.0.113.7", NOW)).toBe(false);
    come("203.0.113.7", 1, NOW + 30_000);
    expect(budget.isGuessing("203.0.113.7", NOW + 30_000)).toBe(true);
    expect(budget.isGuessing("203.0.113.7", NOW + 60_000)).toBe(true);
    expect(budget.isGuessing("203.0.113.7", NOW + 60_001)).toBe(false);
  });

  it("begins anew when its minute is over", () => {
    come("203.0.113.7", 20);
    come("203.0.113.7", 19, NOW + 60_001);
    expect(budget.isGuessing("203.0.113.7", NOW + 60_001)).toBe(false);
    come("203.0.113.7", 1, NOW + 120_001);
    expect(budget.isGuessing("203.0.113.7", NOW + 120_001)).toBe(true);
  });

  it("is nobody when no address is known", () => {
    come(null, 30);
    expect(budget.isGuessing(null, NOW)).toBe(false);
  });

  it.each([
    ["203.0.113.7", "203.0.113.8", false],
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff::", true],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", true],
    ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
    ["2001:db8:1:12::1", "2001:db8:11:2::1", false],
    ["2001:db8::1", "2001:db8:0:0:7::", true],
    ["2001:db8::1", "2001:db9::1", false],
    ["::1", "0:0:0:0:5::", true],
    ["::1", "1::", false],
  ])("%s is the neighbour of %s: %s", (one, other, same) => {
    come(one, 20);
    expect(budget.isGuessing(one, NOW)).toBe(true);
    expect(budget.isGuessing(other, NOW)).toBe(same);
  });

  it("is forgotten when 5000 others have come after it, and not before", () => {
    come("203.0.113.7", 20);
    for (let n = 0; n < 4_999; n++) come(`10.0.${n >> 8}.${n & 255}`, 1);
    expect(budget.isGuessing("203.0.113.7", NOW)).toBe(true);
    come("198.51.100.1", 1);
    expect(budget.isGuessing("203.0.113.7", NOW)).toBe(false);
  });

  it("is not the oldest any more once it has begun anew", () => {
    come("203.0.113.7", 1);
    come("198.51.100.1", 20, NOW + 60_000);
    come("203.0.113.7", 20, NOW + 60_001);
    for (let n = 0; n < 4_999; n++) come(`10.0.${n >> 8}.${n & 255}`, 1, NOW + 60_001);
    expect(budget.isGuessing("203.0.113.7", NOW + 60_001)).toBe(true);
    expect(budget.isGuessing("198.51.100.1", NOW + 60_001)).toBe(false);
  });
});
