/** What one isolate asks of the authority. Time is an argument; only waiting is the timers'. */
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { type PermissionSet, permissionSet, readPermissionSet } from "../../../src/access/permission-set.ts";
import type { Document, Held } from "../../../src/edge/documents/memory.ts";
import { NEVER } from "../../../src/edge/documents/memory.ts";
import { openQuestions, type Questions, type Subject } from "../../../src/edge/documents/questions.ts";
import type { EdgeEnv } from "../../../src/edge/env.ts";
import { Problem } from "../../../src/problem.ts";

const NOW = 1_000_000_000;
const NEW = { exists: false, fallback: false };

const env = { AUTHORITY: {} } as EdgeEnv;
const document = (ver = 1) => permissionSet({ id: "t", org: "o", status: "active", expiresAt: null, datasets: {}, ver });

let said: { warn: MockInstance; error: MockInstance };
let held: Map<string, Held>;
let outdated: (ver: number) => boolean;
let asked: number;
let answer: () => Promise<unknown>;
let questions: Questions;

beforeEach(() => {
  said = {
    warn: vi.spyOn(console, "warn").mockImplementation(() => {}),
    error: vi.spyOn(console, "error").mockImplementation(() => {}),
  };
  held = new Map();
  outdated = () => false;
  asked = 0;
  answer = async () => null;
  questions = openQuestions({
    held: (key) => held.get(key),
    isOutdated: (_, ver) => outdated(ver),
    keep: (key, kept, at) => void held.set(key, { document: kept as Document | null, at, failedAt: NEVER }),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function subject(key = "t:a", more: Partial<Subject<PermissionSet>> = {}): Subject<PermissionSet> {
  const ask = () => {
    asked++;
    return answer();
  };
  return { key, read: readPermissionSet, ask, guessable: true, kind: "credential", ...more };
}

const visit = (ip: string | null = null, now = NOW) => ({ now, ip, waitUntil: () => {}, purpose: "ingest" as const });

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return error instanceof Problem ? `${error.reason}: ${error.message}` : error;
  }
}

const ask = (of = subject(), circumstances = NEW, by = visit()) => outcome(questions.ask(of, circumstances, by, env));
const askAnew = (purpose = "dataset", mayWait = true, of = subject(), now = NOW, ageMax: number | null = null) =>
  outcome(questions.askAnew(of, document(1), purpose, { mayWait, ageMax }, env, now));

/** Uses up what may be asked in this second. */
async function spend(times: number, by: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < times; n++) await by();
  asked = 0;
}

describe("a question to the authority", () => {
  it("keeps the answer, and that there is none", async () => {
    answer = async () => document(4);
    expect(await ask()).toEqual(document(4));
    expect(held.get("t:a")).toMatchObject({ document: document(4), at: NOW });
    answer = async () => null;
    expect(await ask(subject("t:b"))).toBeNull();
    expect(held.get("t:b")).toMatchObject({ document: null, at: NOW });
  });

  it("is put once more when the feed has been faster than the answer, and not a third time", async () => {
    outdated = (ver) => ver < 2;
    answer = async () => document(asked);
    expect(await ask()).toEqual(document(2));
    expect(asked).toBe(2);
    outdated = () => true;
    asked = 0;
    expect(await ask(subject("t:b"))).toMatch(/^store-unavailable: the credential is being changed/);
    expect([asked, held.has("t:b")]).toEqual([2, false]);
  });

  it("is not put again about what does not exist", async () => {
    outdated = () => true;
    expect(await ask()).toBeNull();
    expect(asked).toBe(1);
  });

  it.each<[string, () => Promise<unknown>, "warn" | "error"]>([
    ["fails", () => Promise.reject(new Error("D1 is down")), "warn"],
    ["is answered in another version", async () => ({ v: 1 }), "error"],
  ])("that %s is 503, tells the operator and leaves nothing", async (_, given, level) => {
    answer = given;
    expect(await ask()).toMatch(/^store-unavailable: the credential cannot be checked/);
    expect(held.size).toBe(0);
    expect(said[level]).toHaveBeenCalledTimes(1);
  });

  it.each([
    [false, 5_000],
    [true, 1_000],
  ])("is waited for, with something to fall back on: %s, for %i ms", async (fallback, ms) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    answer = () => new Promise(() => {});
    let end: unknown = "none";
    void ask(subject(), { exists: true, fallback }).then((told) => {
      end = told;
    });
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(end).toBe("none");
    await vi.advanceTimersByTimeAsync(1);
    expect(end).toMatch(/^store-unavailable/);
  });
});

describe("twenty questions a second", () => {
  it("are all that is asked about unknown credentials of one kind", async () => {
    await spend(19, ask);
    expect(await ask()).toBeNull();
    expect(await ask(subject("t:b"), { exists: true, fallback: true })).toMatch(/^store-unavailable: too many unknown credentials/);
    expect(asked).toBe(1);
    expect(await ask(subject("j:a", { kind: "issuer" }))).toBeNull();
    expect(await ask(subject(), NEW, visit(null, NOW + 1_000))).toBeNull();
  });

  it("being used up, what another request learns is the answer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await spend(20, () => ask(subject("t:other")));
    const [known, unknown] = [ask(subject("t:a")), ask(subject("t:b"))];
    await vi.advanceTimersByTimeAsync(10);
    held.set("t:a", { document: document(2), at: NOW, failedAt: NEVER });
    held.set("t:b", { document: null, at: NOW, failedAt: NEVER });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await known).toEqual(document(2));
    expect(await unknown).toBeNull();
    expect(asked).toBe(0);
  });

  it("being used up, nobody waits longer than a second, or at all with something to fall back on", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await spend(20, () => ask(subject("t:other")));
    held.set("t:a", { document: document(1), at: NOW, failedAt: NEVER });
    expect(await ask(subject("t:a"), { exists: true, fallback: true })).toMatch(/^store-unavailable/);
    let end: unknown = "none";
    void ask(subject("t:a")).then((told) => {
      end = told;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(end).toBe("none");
    await vi.advanceTimersByTimeAsync(1);
    expect(end).toMatch(/^store-unavailable: too many/);
  });
});

describe("an address that tries tokens out", () => {
  const ip = "203.0.113.7";
  /** In several seconds, so that those do not run out. */
  const guess = (times: number, of = subject()) =>
    Promise.all(Array.from({ length: times }, (_, n) => ask(of, NEW, visit(ip, NOW + (n % 2) * 1_000))));

  it("is told to wait after twenty that do not exist, and nobody is asked", async () => {
    await guess(20);
    asked = 0;
    expect(await ask(subject(), NEW, visit(ip, NOW + 2_000))).toMatch(/^store-unavailable: this address has sent too many/);
    expect(asked).toBe(0);
    expect(await ask(subject(), NEW, visit("203.0.113.8", NOW + 2_000))).toBeNull();
  });

  it("may ask all the same about what is known to exist, and what cannot be guessed", async () => {
    await guess(20);
    expect(await ask(subject(), { exists: true, fallback: false }, visit(ip, NOW + 2_000))).toBeNull();
    expect(await ask(subject("o:a", { guessable: false }), NEW, visit(ip, NOW + 2_000))).toBeNull();
  });

  it("is none when its tokens exist, or nobody could have guessed", async () => {
    await guess(20, subject("o:a", { guessable: false }));
    answer = async () => document();
    await guess(20);
    answer = async () => null;
    expect(await ask(subject(), NEW, visit(ip, NOW + 2_000))).toBeNull();
  });
});

describe("a question about what is known already", () => {
  it("has a budget of its own by purpose and subject: five a second", async () => {
    await spend(4, askAnew);
    answer = async () => document(2);
    expect(await askAnew()).toEqual(document(2));
    expect(await askAnew("dataset", false)).toMatch(/^store-unavailable: the dataset's name is not known here yet/);
    expect(await askAnew("region")).toEqual(document(2));
    expect(await askAnew("dataset", true, subject("o:b"))).toEqual(document(2));
    expect(await askAnew("dataset", true, subject(), NOW + 1_000)).toEqual(document(2));
    expect(asked).toBe(4);
  });

  it("is answered by what another request learns, where that may be waited for", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await spend(5, askAnew);
    held.set("t:a", { document: document(1), at: NOW, failedAt: NEVER });
    const waiting = askAnew();
    await vi.advanceTimersByTimeAsync(10);
    held.set("t:a", { document: document(2), at: NOW, failedAt: NEVER });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waiting).toEqual(document(2));
  });

  it("that is a reader's is answered by what was learnt a moment ago, and by nothing older or outdated", async () => {
    await spend(5, askAnew);
    held.set("t:a", { document: document(2), at: NOW - 2_000, failedAt: NEVER });
    const read = (ageMax: number | null) => askAnew("dataset", false, subject(), NOW, ageMax);
    expect(await read(2_000)).toEqual(document(2));
    expect(await read(null)).toMatch(/^store-unavailable/);
    expect(await read(1_999)).toMatch(/^store-unavailable/);
    held.clear();
    expect(await read(2_000)).toMatch(/^store-unavailable/);
    expect(asked).toBe(0);
  });

  it("is not answered by another's finding that there is nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await spend(5, askAnew);
    const waiting = askAnew();
    await vi.advanceTimersByTimeAsync(10);
    held.set("t:a", { document: null, at: NOW + 1, failedAt: NEVER });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waiting).toMatch(/^store-unavailable/);
  });

  it("is waited for as long as the first one", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    answer = () => new Promise(() => {});
    const waiting = askAnew();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await waiting).toMatch(/^store-unavailable/);
  });
});
