/**
 * What goes wrong between management and the edges, situation by situation, and how long it may be noticed. A: something that no
 * longer counts is accepted. R: something that counts is refused, which never means 503: a sender keeps what gets that.
 *
 *     row  here                                  in test/management/distribution.test.ts, with the real database and publisher
 *     1-4  all                                   -
 *     5    warm ingest, unknown tokens           nothing is half done
 *     6    all                                   -
 *     7    warm and new isolates                 the publisher's retries, and that the feed tells it again
 *     8, 9 what the edges make of it             what the publisher does
 *     10-12, 15, 20, 22, 23  all                 -
 *     13, 14, 16, 17, 24   the bounds            that the real change is heard of
 *     18, 19, 21           -                     all
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { organisationKey } from "../../../src/access/permission-set.ts";
import { mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/edge/env.ts";
import { env } from "../gateway.ts";
import { type Deployment, type Isolate, lastAccepted, openDeployment, START } from "./deployment.ts";

const A_WITH_FEED_MS = 12_000;
const A_COLD_MS = 2_000;
const A_NO_FEED_MS = 70_000;
const HOUR_MS = 3_600_000;

let d: Deployment;

beforeEach(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  d = await openDeployment();
  // as late as the platform's word allows
  d.kv.lag("here", 30_000);
  d.kv.lag("there", 30_000);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** An isolate that has used a token for a minute and goes on doing so. */
async function busy(secret: string, location = "here"): Promise<Isolate> {
  const isolate = d.isolate(location);
  await lastAccepted(d, isolate, secret, { untilMs: 60_000 });
  return isolate;
}

const reason = async (isolate: Isolate, secret: string, dataset = "logs") => (await isolate.use(secret, dataset)).reason;
const revoke = (secret: string) => d.change(secret, { status: "revoked" });

/** Bound A: accepted after the change for so long at most. */
async function expectA(isolate: Isolate, secret: string, ms: number): Promise<void> {
  const last = await lastAccepted(d, isolate, secret, { untilMs: ms + 30_000 });
  expect(last).toBeLessThanOrEqual(ms);
}

describe("the failure table", () => {
  it("23 row 1: all is well and the isolate busy: a revocation is heard of within 12 s, a new token works at once", async () => {
    const secret = await d.token();
    for (const everyMs of [500, 1_000, 3_000, 7_000]) {
      const isolate = await busy(secret);
      const other = await d.token();
      expect(await reason(isolate, other)).toBe("accepted");
      await revoke(other);
      const last = await lastAccepted(d, isolate, other, { everyMs, untilMs: 30_000 });
      expect(last).toBeLessThanOrEqual(A_WITH_FEED_MS);
      expect(await reason(isolate, other)).toBe("token-revoked");
    }
  });

  it("row 1: while its last answer still counts, the feed is asked behind the request, which does not wait", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    const { feed } = d.asked;
    d.faults.feed = "hang";
    await d.pass(6_000);
    const began = performance.now();
    expect(await reason(isolate, secret)).toBe("accepted");
    expect(performance.now() - began).toBeLessThan(200);
    expect(d.asked.feed).toBe(feed + 1);
  });

  it("24 row 2: the isolate is new or was idle: it hears of a revocation before it judges, however late KV is", async () => {
    const secret = await d.token();
    await d.pass(120_000);
    const idle = d.isolate();
    expect(await reason(idle, secret)).toBe("accepted");
    for (const idleMs of [11_000, 540_000]) {
      await d.pass(idleMs - A_COLD_MS);
      const other = await d.token();
      await idle.use(other, "logs");
      await d.pass(idleMs);
      await revoke(other);
      await d.pass(A_COLD_MS);
      for (const isolate of [idle, d.isolate("there")]) expect(await reason(isolate, other)).toBe("token-revoked");
    }
    expect(await reason(d.isolate(), await d.token())).toBe("accepted");
  });

  it("row 2: a feed that does not answer in time makes it row 3, and the request waits for it no longer than 400 ms", async () => {
    const secret = await d.token();
    const isolate = d.isolate();
    d.faults.feed = "hang";
    const began = performance.now();
    expect(await reason(isolate, secret)).toBe("accepted");
    expect(performance.now() - began).toBeLessThan(2_000);
    // who comes next does not wait for what was given up
    for (const ms of [0, 100, 1_000]) {
      await d.pass(ms);
      const again = performance.now();
      expect(await reason(isolate, secret)).toBe("accepted");
      expect(performance.now() - again).toBeLessThan(200);
    }
  });

  it("23 row 3: the feed is away: a revocation counts within 70 s by KV, a new token works at once", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    d.faults.feed = true;
    await d.pass(20_000);
    expect(await reason(isolate, await d.token())).toBe("accepted");
    await revoke(secret);
    const last = await lastAccepted(d, isolate, secret, { untilMs: 120_000 });
    expect(last).toBeLessThanOrEqual(A_NO_FEED_MS);
    // it is the feed that makes the difference
    expect(last).toBeGreaterThan(A_WITH_FEED_MS);
  });

  it("59 row 3: with the authority away too, a new token has to wait for KV, and hears 503 and not 401 until then", async () => {
    const secret = await d.token();
    d.faults.down = true;
    const isolate = d.isolate();
    const reasons = new Set<string>();
    const start = d.clock.now;
    for (; d.clock.now - start < A_NO_FEED_MS && !reasons.has("accepted"); await d.pass(1_000)) reasons.add(await reason(isolate, secret));
    expect([...reasons]).toEqual(["store-unavailable", "accepted"]);
  });

  it("59 row 4: KV is away: the authority answers for it, within the budget, and beyond it the answer is 503", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    d.kv.faults.read = "error";
    expect(await lastAccepted(d, isolate, secret, { untilMs: 400_000, everyMs: 5_000 })).toBe(400_000);
    expect(await reason(d.isolate(), secret)).toBe("accepted");
    expect(await reason(isolate, await d.token())).toBe("accepted");
    await revoke(secret);
    await expectA(isolate, secret, A_WITH_FEED_MS);

    const many = await Promise.all(Array.from({ length: 30 }, () => d.token()));
    const reasons = await Promise.all(many.map((one) => reason(isolate, one)));
    expect(reasons.filter((one) => one === "accepted").length).toBe(20);
    expect(reasons.filter((one) => one === "store-unavailable").length).toBe(10);
  });

  it("59 row 5: the database is away: warm ingest goes on by KV for hours and undegraded, what nobody knows hears 503", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    d.faults.down = true;
    for (let i = 0; i < 60; i++) {
      await d.pass(60_000);
      expect(await isolate.use(secret, "logs")).toEqual({ reason: "accepted", degraded: false });
    }
    expect(await reason(d.isolate(), secret)).toBe("accepted");
    const mint = () => mintToken("api", settingsOf(env).tagKeys);
    for (const purpose of ["ingest", "other"] as const)
      expect((await isolate.use(mint(), "logs", { purpose })).reason).toBe("store-unavailable");
    await expect(revoke(secret)).rejects.toMatchObject({ reason: "store-unavailable" });
    d.faults.down = false;
    await d.pass(6_000);
    expect(await reason(isolate, mint())).toBe("token-unknown");
  });

  it("60 row 6: KV and the database are away: what was proven goes on for 4 h of ingest and 5 min of all else, and says so", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    const proven = await isolate.use(secret, "logs");
    expect(proven.degraded).toBe(false);
    await d.pass(20_000);
    d.kv.faults.read = "error";
    d.faults.down = true;
    const out = d.clock.now;
    const use = (purpose: "ingest" | "other") => isolate.use(secret, "logs", { purpose });
    expect(await use("other")).toEqual({ reason: "accepted", degraded: true });
    // memory says when it was proven last: at most five minutes before the outage began
    await d.pass(300_000);
    expect((await use("other")).reason).toBe("store-unavailable");
    for (; d.clock.now - out < 4 * HOUR_MS - 300_000; await d.pass(600_000))
      expect(await use("ingest")).toEqual({ reason: "accepted", degraded: true });
    await d.pass(400_000);
    expect((await use("ingest")).reason).toBe("store-unavailable");
    expect(await reason(isolate, await mintUnknown())).toBe("store-unavailable");
    expect((await d.isolate().use(secret, "logs")).reason).toBe("store-unavailable");

    d.kv.faults.read = null;
    d.faults.down = false;
    await d.pass(6_000);
    expect(await use("other")).toEqual({ reason: "accepted", degraded: false });
  });

  it("60 row 6: stores that hang instead cost each sender one wait, not one per request", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    await d.pass(20_000);
    d.kv.faults.read = "hang";
    d.faults.down = "hang";
    const timed = async () => {
      const began = performance.now();
      expect(await isolate.use(secret, "logs")).toEqual({ reason: "accepted", degraded: true });
      return performance.now() - began;
    };
    const first = await timed();
    expect(first).toBeLessThan(4_000);
    await d.pass(500);
    expect(await timed()).toBeLessThan(100);
    await d.pass(1_000);
    expect(await timed()).toBeLessThan(100);
  });

  it("26 row 6: an end that memory knows of counts in an outage too", async () => {
    const ending = await d.token(["logs"], { expiresAt: d.clock.now + 100_000 });
    const off = await d.token();
    const isolate = await busy(ending);
    expect(await reason(isolate, off)).toBe("accepted");
    await d.change(off, { status: "disabled" });
    await d.pass(A_WITH_FEED_MS);
    expect(await reason(isolate, off)).toBe("token-disabled");
    d.kv.faults.read = "error";
    d.faults.down = true;
    await d.pass(15_000);
    expect(await isolate.use(ending, "logs")).toEqual({ reason: "accepted", degraded: true });
    expect(await reason(isolate, off)).toBe("token-disabled");
    await d.pass(START + 100_000 - d.clock.now);
    expect(await reason(isolate, ending)).toBe("token-expired");
  });

  it("row 6: a change that is heard of while the authority is waited for is not passed over", async () => {
    const secret = await d.token();
    const other = await d.token();
    const isolate = await busy(secret);
    d.kv.faults.read = "error";
    d.faults.down = true;
    await d.pass(20_000);
    expect(await isolate.use(secret, "logs")).toEqual({ reason: "accepted", degraded: true });
    await d.pass(6_000);
    const { AUTHORITY } = isolate.env;
    let asked = false;
    const lookUpToken = async () => {
      if (!asked) {
        asked = true;
        d.faults.down = false;
        await d.change(secret, { status: "disabled" });
        await d.pass(6_000);
        await isolate.use(other, "logs");
      }
      throw new Error("D1_ERROR: away");
    };
    isolate.env = { ...isolate.env, AUTHORITY: { ...AUTHORITY, lookUpToken } };
    expect((await isolate.use(secret, "logs")).reason).toBe("store-unavailable");
    expect(asked).toBe(true);
  });

  it("23 row 7: KV takes no writes: the feed says it in time, to isolates that begin an hour later too", async () => {
    const secret = await d.token();
    await d.pass(120_000);
    const isolate = await busy(secret);
    d.kv.faults.write = "error";
    await revoke(secret);
    await expectA(isolate, secret, A_WITH_FEED_MS);
    await d.pass(HOUR_MS);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret)) as string)).toMatchObject({ status: "active" });
    expect(await reason(isolate, secret)).toBe("token-revoked");
    for (const location of ["here", "there"]) expect(await reason(d.isolate(location), secret)).toBe("token-revoked");
    // a token that KV has never had
    expect(await reason(d.isolate(), await d.token())).toBe("accepted");
    d.kv.faults.write = null;
    await d.pass(300_000);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret)) as string)).toMatchObject({ status: "revoked" });
  });

  it("row 7: without the feed it is the publisher's retry and 70 s", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    d.faults.feed = true;
    d.kv.faults.write = "error";
    await d.pass(15_000);
    await revoke(secret);
    await d.pass(60_000);
    expect(await reason(isolate, secret)).toBe("accepted");
    d.kv.faults.write = null;
    await expectA(isolate, secret, 300_000 + A_NO_FEED_MS);
  });

  it("25 row 8: a publisher dies between its read and its write, and the write arrives after its successor's", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    const read = JSON.stringify(d.document(d.kvKeyOf(secret)));
    await revoke(secret);
    await d.pass(1_200);
    await d.kv.put(d.kvKeyOf(secret), read);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret)) as string)).toMatchObject({ status: "active" });
    await expectA(isolate, secret, A_WITH_FEED_MS);
    expect(await reason(d.isolate("there"), secret)).toBe("token-revoked");
    // and KV does not stay wrong, or isolates that begin much later would believe it
    await d.pass(60_000);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret)) as string)).toMatchObject({ status: "revoked" });
  });

  it("25 row 9: a write that was given up arrives after the tombstone", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    d.kv.faults.write = { lateMs: 20_000 };
    await d.change(secret, { notBefore: START });
    d.kv.faults.write = null;
    await d.pass(2_000);
    await revoke(secret);
    await d.pass(2_000);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret)) as string)).toMatchObject({ status: "revoked" });
    await expectA(isolate, secret, A_WITH_FEED_MS);
    const late = d.isolate("there");
    await d.pass(20_000);
    expect(await reason(late, secret)).toBe("token-revoked");
    await d.pass(90_000);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret)) as string)).toMatchObject({ status: "revoked" });
    await d.pass(900_000);
    expect(await reason(d.isolate("there"), secret)).toBe("token-revoked");
  });

  it("23 row 10: memory is outdated: the feed takes it away, and what was refused once is never accepted again", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    await revoke(secret);
    await expectA(isolate, secret, A_WITH_FEED_MS);
    // KV may say what it likes from here on, and the feed nothing
    d.faults.down = true;
    for (let i = 0; i < 30; i++) {
      await d.kv.put(d.kvKeyOf(secret), JSON.stringify({ ...d.document(d.kvKeyOf(secret)), status: "active", ver: 1 })).catch(() => {});
      await d.pass(30_000);
      expect(await reason(isolate, secret)).toBe("token-revoked");
    }
  });

  it("row 10: a revocation acts from the feed alone, whether or not anybody can be asked about the token", async () => {
    const [secret, other] = [await d.token(), await d.token()];
    await d.pass(60_000);
    const isolate = await busy(other);
    await revoke(secret);
    await lastAccepted(d, isolate, other, { untilMs: A_WITH_FEED_MS });
    d.faults.down = true;
    expect(await reason(isolate, secret)).toBe("token-revoked");
    expect(d.asked.tokens).toBe(0);
  });

  it("25 row 10: an outdated document that comes back from KV is not taken for a new one", async () => {
    const secret = await d.token();
    d.kv.lag("here", 600_000);
    await d.pass(610_000);
    const isolate = await busy(secret);
    await d.change(secret, { status: "disabled" });
    await expectA(isolate, secret, A_WITH_FEED_MS);
    // read anew from a location that is still behind
    await d.pass(310_000);
    expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret), "here") as string)).toMatchObject({ status: "active" });
    expect(await reason(isolate, secret)).toBe("token-disabled");
  });

  it("row 10: an answer of the authority that the feed has overtaken is asked for again", async () => {
    const [secret, other] = [await d.token(), await d.token()];
    const isolate = await busy(other);
    const { AUTHORITY } = isolate.env;
    d.kv.faults.read = "error";
    let asked = 0;
    const lookUpToken = async (digest: string) => {
      const answer = await AUTHORITY.lookUpToken(digest);
      if (asked++ === 0) {
        await d.change(secret, { status: "disabled" });
        await d.pass(11_000);
        await isolate.use(other, "logs");
      }
      return answer;
    };
    isolate.env = { ...isolate.env, AUTHORITY: { ...AUTHORITY, lookUpToken } };
    expect(await reason(isolate, secret)).toBe("token-disabled");
    expect(asked).toBe(2);
  });

  it("row 10: what the authority has said is not taken back by an older document in KV, with the feed away", async () => {
    const secret = await d.token();
    await d.pass(60_000);
    d.faults.feed = true;
    const isolate = d.isolate();
    d.kv.faults.read = "error";
    d.kv.faults.write = "error";
    await d.change(secret, { status: "disabled" });
    expect(await reason(isolate, secret)).toBe("token-disabled");
    d.kv.faults.read = null;
    for (const down of [false, true]) {
      d.faults.down = down;
      await d.pass(11_000);
      expect(JSON.parse(d.kv.stored(d.kvKeyOf(secret), "here") as string)).toMatchObject({ status: "active" });
      expect(await reason(isolate, secret)).toBe("token-disabled");
    }
  });

  it("row 10: that a token is unknown is believed for 10 s", async () => {
    const secret = await mintUnknown();
    const isolate = d.isolate();
    expect(await reason(isolate, secret)).toBe("token-unknown");
    await d.pass(9_000);
    expect(await reason(isolate, secret)).toBe("token-unknown");
    expect(d.asked.tokens).toBe(1);
    await d.pass(1_500);
    await reason(isolate, secret);
    expect(d.asked.tokens).toBe(2);
  });

  it("22 row 11: a token was tried before it was brought in: at most 60 s until it is accepted; a new one cannot have been", async () => {
    const secret = await mintUnknown();
    const isolates = [d.isolate("here"), d.isolate("there")];
    for (const isolate of isolates) expect(await reason(isolate, secret)).toBe("token-unknown");
    await d.bringIn(secret, ["logs"]);
    await d.pass(60_000);
    for (const isolate of isolates) expect(await reason(isolate, secret)).toBe("accepted");
    for (const isolate of isolates) expect(await reason(isolate, await d.token())).toBe("accepted");
  });

  it("33 row 12: clocks that are off or jump: an end counts by the edge's clock to the millisecond, and nothing lasts longer", async () => {
    for (const skew of [-86_400_000, -HOUR_MS, -5_000, 5_000, HOUR_MS, 86_400_000]) {
      const isolate = d.isolate();
      const ending = await d.token(["logs"], { expiresAt: d.clock.now + skew + 100, notBefore: d.clock.now + skew });
      isolate.skew = skew - 1;
      expect(await reason(isolate, ending)).toBe("token-not-yet-valid");
      isolate.skew = skew;
      expect(await reason(isolate, ending)).toBe("accepted");
      isolate.skew = skew + 99;
      expect(await reason(isolate, ending)).toBe("accepted");
      isolate.skew = skew + 100;
      expect(await reason(isolate, ending)).toBe("token-expired");
    }
    for (const jump of [-86_400_000, -HOUR_MS, HOUR_MS, 86_400_000]) {
      const secret = await d.token();
      const isolate = await busy(secret);
      await revoke(secret);
      isolate.skew = jump;
      await expectA(isolate, secret, A_WITH_FEED_MS);
    }
  });

  it("27 row 13: regenerated with a grace: the new token works at once, the old one until the grace ends and 12 s at most", async () => {
    const old = await d.token(["logs"], { expiresAt: START + 10 * HOUR_MS });
    const isolate = await busy(old);
    const successor = await d.regenerate(old, 60_000);
    expect(await reason(isolate, successor)).toBe("accepted");
    const last = await lastAccepted(d, isolate, old, { untilMs: 120_000 });
    expect(last).toBeGreaterThanOrEqual(59_000);
    expect(last).toBeLessThanOrEqual(60_000);
    // an isolate that has not heard of it yet when it ends
    const other = await d.token();
    const behind = await busy(other);
    await d.regenerate(other, 1_000);
    expect(await lastAccepted(d, behind, other, { untilMs: 60_000 })).toBeLessThanOrEqual(1_000 + A_WITH_FEED_MS);
  });

  it("27 row 14: regenerated without a grace: the old token ends within 12 s, the new one works at once", async () => {
    const old = await d.token();
    const isolate = await busy(old);
    const successor = await d.regenerate(old, 0);
    expect(await reason(isolate, successor)).toBe("accepted");
    expect(await reason(d.isolate("there"), successor)).toBe("accepted");
    await expectA(isolate, old, A_WITH_FEED_MS);
    expect(await reason(isolate, old)).toBe("token-expired");
  });

  it("26 row 15: a token ends by its date: at that millisecond, wherever its document comes from", async () => {
    const end = d.clock.now + 90_000;
    const secret = await d.token(["logs"], { expiresAt: end });
    const isolate = await busy(secret);
    const cold = d.isolate("there");
    await d.pass(end - 1 - d.clock.now);
    for (const one of [isolate, cold]) expect(await reason(one, secret)).toBe("accepted");
    d.faults.down = true;
    await d.pass(1);
    for (const one of [isolate, cold]) expect(await reason(one, secret)).toBe("token-expired");
  });

  it("34 row 16: the organisation is suspended, and let in again: within 12 s either way", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    for (const status of ["suspended", "deleted"] as const) {
      await d.suspend(status);
      await expectA(isolate, secret, A_WITH_FEED_MS);
      expect(await reason(isolate, secret)).toBe("organisation-suspended");
      await d.suspend("active");
      await d.pass(A_WITH_FEED_MS);
      expect(await reason(isolate, secret)).toBe("accepted");
    }
  });

  it("42 row 17: a dataset is made, and takes events at once; it is deleted, and takes none after 12 s; its name grants nothing", async () => {
    const every = await d.token(["*"]);
    const isolate = await busy(every);
    await d.dataset("made");
    const bound = await d.token(["made"]);
    for (const secret of [every, bound]) expect(await reason(isolate, secret, "made")).toBe("accepted");
    await d.removeDataset("made");
    expect(await lastAccepted(d, isolate, every, { dataset: "made", untilMs: 30_000 })).toBeLessThanOrEqual(A_WITH_FEED_MS);
    expect(await reason(isolate, every, "made")).toBe("dataset-unknown");
    await d.dataset("made");
    expect(await reason(isolate, every, "made")).toBe("accepted");
    expect(await reason(isolate, bound, "made")).toBe("forbidden");
  });

  it("59 row 20: a document of an unknown version is as none: the authority is asked, and the answer counts", async () => {
    const secret = await d.token();
    await d.pass(2_000);
    for (const key of [d.kvKeyOf(secret), organisationKey(d.org)])
      await d.kv.put(key, JSON.stringify({ ...d.document(key), v: 99, status: "revoked" }));
    await d.pass(60_000);
    expect(await reason(d.isolate(), secret)).toBe("accepted");
    expect(d.asked).toMatchObject({ tokens: 1, organisations: 1 });
  });

  it("62 row 22: a request is cancelled while others would like its answers: none of them waits for it", async () => {
    const secret = await d.token();
    await d.pass(60_000);
    const isolate = d.isolate();
    // what belongs to a cancelled request never comes to its end
    d.faults.feed = "hang";
    d.kv.faults.read = "hang";
    void isolate.use(secret, "logs").catch(() => {});
    d.faults.feed = false;
    d.kv.faults.read = null;
    const began = performance.now();
    const crowd = await Promise.all(Array.from({ length: 100 }, () => isolate.use(secret, "logs")));
    expect(new Set(crowd.map((one) => one.reason))).toEqual(new Set(["accepted"]));
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(d.asked.feed).toBe(1);
    // and the feed is asked again when it is time
    await d.pass(6_000);
    expect(await reason(isolate, secret)).toBe("accepted");
    expect(d.asked.feed).toBe(2);
  });

  it("66 row 22: a hundred at once in a new isolate ask the feed once, and all hear of a revocation", async () => {
    const secret = await d.token();
    await d.pass(60_000);
    await revoke(secret);
    const isolate = d.isolate();
    const crowd = await Promise.all(Array.from({ length: 100 }, () => isolate.use(secret, "logs")));
    expect(new Set(crowd.map((one) => one.reason))).toEqual(new Set(["token-revoked"]));
    expect(d.asked.feed).toBe(1);
  });

  it("17 row 23: the tag key is rotated: tokens of both keys work; without its key a token costs no look-up", async () => {
    const old = await d.token();
    const isolate = d.isolate();
    const keys = `${env.TOKEN_TAG_KEYS},2:AAECAwQFBgcICQoLDA0OEA`;
    isolate.env = { ...isolate.env, TOKEN_TAG_KEYS: keys };
    const fresh = mintToken("api", settingsOf(isolate.env).tagKeys);
    await d.bringIn(fresh, ["logs"]);
    for (const secret of [old, fresh]) expect(await reason(isolate, secret)).toBe("accepted");
    const reads = d.kv.counts.reads;
    isolate.env = { ...isolate.env, TOKEN_TAG_KEYS: "2:AAECAwQFBgcICQoLDA0OEA" };
    expect(await reason(isolate, old)).toBe("credential-malformed");
    expect(await reason(isolate, fresh)).toBe("accepted");
    expect(d.kv.counts.reads).toBe(reads);
  });

  it("59 row 24: a broken management is one whose database is away: no 401 comes of it", async () => {
    const secret = await d.token();
    const isolate = await busy(secret);
    const fresh = await d.token();
    const broken = { lookUpToken: async () => ({ v: 99 }), lookUpOrganisation: async () => ({ v: 99 }) };
    isolate.env = { ...isolate.env, AUTHORITY: broken as never };
    for (let i = 0; i < 20; i++) {
      await d.pass(30_000);
      expect(await isolate.use(secret, "logs")).toEqual({ reason: "accepted", degraded: false });
    }
    isolate.env = { ...isolate.env, PERMISSIONS: d.kv.at("nowhere") };
    d.kv.lag("nowhere", 86_400_000);
    expect(await reason(isolate, fresh)).toBe("store-unavailable");
    expect(await isolate.use(secret, "logs")).toEqual({ reason: "accepted", degraded: false });
    await d.pass(30_000);
    expect(await isolate.use(secret, "logs")).toEqual({ reason: "accepted", degraded: true });
  });
});

describe("more changes than the feed can say", () => {
  it("make an isolate forget and trust KV no longer than without a feed", async () => {
    const secret = await d.token();
    await d.pass(60_000);
    const isolate = await busy(secret);
    const many = await Promise.all(Array.from({ length: 600 }, () => d.token()));
    await revoke(secret);
    for (const one of many) await d.change(one, { status: "disabled" });
    const last = await lastAccepted(d, isolate, secret, { untilMs: 100_000, everyMs: 2_000 });
    expect(last).toBeLessThanOrEqual(A_NO_FEED_MS);
    expect(await reason(isolate, secret)).toBe("token-revoked");
    // neither does one that begins now, and hears that there were too many
    expect(await lastAccepted(d, d.isolate("there"), secret, { untilMs: 20_000 })).toBe(-1);
  });
});

async function mintUnknown(): Promise<string> {
  return mintToken("api", settingsOf(env).tagKeys);
}
