import { describe, expect, it } from "vitest";
import {
  AUTHORITY_TIMEOUT_MS,
  AUTHORITY_TIMEOUT_PROVEN_MS,
  CHANGES_KEPT_MS,
  DOCUMENTS_MAX,
  FEED_BEGINS_MS,
  FEED_FRESH_MAX_MS,
  FEED_MEMO_MS,
  FEED_POLL_MS,
  FEED_ROWS_MAX,
  FEED_WAIT_MS,
  GRACE_MAX_MS,
  isWithin,
  KV_AGE_MAX_MS,
  KV_CACHE_S,
  KV_TIMEOUT_MS,
  LAST_USED_RESOLUTION_MS,
  LEAST_VERSION_KEPT_MS,
  LEAST_VERSIONS_MAX,
  LOOKUPS_PER_SECOND_MAX,
  MEMORY_AGE_MAX_MS,
  MEMORY_AGE_NO_FEED_MAX_MS,
  MISSES_PER_SECOND_MAX,
  MISSING_AGE_MAX_MS,
  PROVEN_INGEST_MAX_MS,
  PROVEN_OTHER_MAX_MS,
  PROVEN_RETRY_MS,
  SESSION_LIFE_MS,
  UNKNOWN_AGE_MAX_MS,
  UNKNOWN_MAX,
  UNKNOWN_PER_ADDRESS_MAX,
  UNKNOWN_PER_ADDRESS_MS,
} from "../../src/access/staleness.ts";

describe("whether something is at most so long ago", () => {
  it.each([
    [1_000, 0, true],
    [1_000, 1_000, true],
    [1_000, 1_001, false],
    [0, 0, true],
    [0, 1, false],
    // what later requests left: so far ahead is no clock that was set back
    [1_000, -1, true],
    [1_000, -10_000, true],
    [1_000, -10_001, false],
    [100_000, -50_000, false],
  ])("within %i ms, %i ms ago: %s", (ms, ago, expected) => {
    expect(isWithin(ms, 1_000_000 - ago, 1_000_000)).toBe(expected);
  });

  it("is never so for what never was", () => {
    expect(isWithin(Number.MAX_SAFE_INTEGER, Number.NEGATIVE_INFINITY, 0)).toBe(false);
  });
});

describe("the bounds that the documentation gives", () => {
  it.each([
    ["MEMORY_AGE_MAX_MS", MEMORY_AGE_MAX_MS, 5 * 60_000],
    ["MEMORY_AGE_NO_FEED_MAX_MS", MEMORY_AGE_NO_FEED_MAX_MS, 10_000],
    ["UNKNOWN_AGE_MAX_MS", UNKNOWN_AGE_MAX_MS, 10_000],
    ["FEED_POLL_MS", FEED_POLL_MS, 5_000],
    ["FEED_FRESH_MAX_MS", FEED_FRESH_MAX_MS, 10_000],
    ["FEED_WAIT_MS", FEED_WAIT_MS, 400],
    ["KV_CACHE_S", KV_CACHE_S, 30],
    ["KV_TIMEOUT_MS", KV_TIMEOUT_MS, 250],
    ["KV_AGE_MAX_MS", KV_AGE_MAX_MS, 70_000],
    ["LOOKUPS_PER_SECOND_MAX", LOOKUPS_PER_SECOND_MAX, 20],
    ["UNKNOWN_PER_ADDRESS_MAX", UNKNOWN_PER_ADDRESS_MAX, 20],
    ["PROVEN_INGEST_MAX_MS", PROVEN_INGEST_MAX_MS, 4 * 60 * 60_000],
    ["PROVEN_OTHER_MAX_MS", PROVEN_OTHER_MAX_MS, 5 * 60_000],
    ["SESSION_LIFE_MS", SESSION_LIFE_MS, 30 * 24 * 60 * 60_000],
    ["GRACE_MAX_MS", GRACE_MAX_MS, 30 * 24 * 60 * 60_000],
    ["LAST_USED_RESOLUTION_MS", LAST_USED_RESOLUTION_MS, 5 * 60_000],
    ["FEED_MEMO_MS", FEED_MEMO_MS, 1_000],
    ["FEED_BEGINS_MS", FEED_BEGINS_MS, 10 * 60_000],
    ["FEED_ROWS_MAX", FEED_ROWS_MAX, 500],
    ["CHANGES_KEPT_MS", CHANGES_KEPT_MS, 24 * 60 * 60_000],
    ["LEAST_VERSIONS_MAX", LEAST_VERSIONS_MAX, 20_000],
    ["LEAST_VERSION_KEPT_MS", LEAST_VERSION_KEPT_MS, 10 * 60_000],
    ["MISSES_PER_SECOND_MAX", MISSES_PER_SECOND_MAX, 5],
    ["MISSING_AGE_MAX_MS", MISSING_AGE_MAX_MS, 2_000],
    ["UNKNOWN_PER_ADDRESS_MS", UNKNOWN_PER_ADDRESS_MS, 60_000],
    ["AUTHORITY_TIMEOUT_MS", AUTHORITY_TIMEOUT_MS, 5_000],
    ["AUTHORITY_TIMEOUT_PROVEN_MS", AUTHORITY_TIMEOUT_PROVEN_MS, 1_000],
    ["PROVEN_RETRY_MS", PROVEN_RETRY_MS, 2_000],
    ["DOCUMENTS_MAX", DOCUMENTS_MAX, 10_000],
    ["UNKNOWN_MAX", UNKNOWN_MAX, 5_000],
  ])("%s", (_, constant, value) => {
    expect(constant).toBe(value);
  });
});
