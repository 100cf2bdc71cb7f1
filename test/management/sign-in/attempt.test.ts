import { EncryptJWT } from "jose";
import { describe, expect, it } from "vitest";
import { readSealKeys } from "../../../src/access/seal.ts";
import { type Attempt, keepAttempt, randomSecret, takeAttempt } from "../../../src/management/sign-in/attempt.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const KEY_1 = `1:${"A".repeat(43)}`;
const KEY_2 = `2:${"B".repeat(42)}A`;
const KEYS = readSealKeys(KEY_1);
const TEN_MINUTES_MS = 600_000;

function attempt(begunAt = NOW): Attempt {
  const [state, nonce, verifier] = [randomSecret(), randomSecret(), randomSecret()];
  return {
    org: "acme",
    provider: "p1",
    issuer: "https://id.example.com",
    state,
    nonce,
    verifier,
    returnTo: "/",
    invitation: null,
    again: false,
    begunAt,
  };
}

/** The one cookie that is set, as the browser sends it back. */
async function kept(made: Attempt, headers = new Headers(), keys = KEYS): Promise<string> {
  const set = await keepAttempt(made, headers, keys);
  return String(set.at(-1)).split(";")[0] ?? "";
}

const sent = (...cookies: string[]) => new Headers({ cookie: cookies.join("; ") });

describe("an attempt's cookie", () => {
  it("gives the attempt back, to its state alone", async () => {
    const made = attempt();
    const cookie = await kept(made);
    expect((await takeAttempt(made.state, sent("a=b", cookie), KEYS, NOW)).attempt).toMatchObject(made);
    for (const state of [null, "", "x", made.state.slice(0, 8), `${made.state.slice(0, 8)}${"a".repeat(35)}`, randomSecret()])
      expect((await takeAttempt(state, sent(cookie), KEYS, NOW)).attempt).toBeNull();
  });

  it("is for this host, this browser and ten minutes, and shows nothing of what it keeps", async () => {
    const made = attempt();
    const [set = ""] = await keepAttempt(made, new Headers(), KEYS);
    expect(set).toMatch(/^__Host-oa-[\w-]{8}=[\w.-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/);
    expect(set.length).toBeLessThan(4_096);
    for (const secret of [made.state, made.nonce, made.verifier]) {
      expect(set).not.toContain(secret);
      expect(Buffer.from(set.split(".").at(-2) ?? "", "base64url").toString("latin1")).not.toContain(secret);
    }
    const cookie = set.split(";")[0] ?? "";
    expect((await takeAttempt(made.state, sent(cookie), KEYS, NOW + TEN_MINUTES_MS - 1_000)).attempt).not.toBeNull();
    expect((await takeAttempt(made.state, sent(cookie), KEYS, NOW + TEN_MINUTES_MS)).attempt).toBeNull();
  });

  it("fits a browser with the longest things it may keep", async () => {
    const [set = ""] = await keepAttempt(
      { ...attempt(), issuer: `https://${"i".repeat(600)}`, returnTo: `/${"r".repeat(511)}`, invitation: "i".repeat(256) },
      new Headers(),
      KEYS,
    );
    expect(set.length).toBeLessThan(4_096);
  });

  it("is worth nothing altered, sealed with another key, or sent twice", async () => {
    const made = attempt();
    const cookie = await kept(made);
    for (const at of [cookie.length - 2, cookie.length - 30, cookie.indexOf("=") + 3]) {
      const altered = cookie.slice(0, at) + (cookie[at] === "A" ? "B" : "A") + cookie.slice(at + 1);
      expect((await takeAttempt(made.state, sent(altered), KEYS, NOW)).attempt).toBeNull();
    }
    expect((await takeAttempt(made.state, sent(cookie, cookie), KEYS, NOW)).attempt).toBeNull();
    const foreign = await kept(made, new Headers(), readSealKeys(KEY_2.replace("2:", "1:")));
    expect((await takeAttempt(made.state, sent(foreign), KEYS, NOW)).attempt).toBeNull();
    // the key that seals secrets at rest is not the one that seals attempts
    const raw = await new EncryptJWT({ ...made })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: "1" })
      .setExpirationTime(new Date(NOW + TEN_MINUTES_MS))
      .encrypt(KEYS.get("1") as Uint8Array);
    expect((await takeAttempt(made.state, sent(`__Host-oa-${made.state.slice(0, 8)}=${raw}`), KEYS, NOW)).attempt).toBeNull();
  });

  it("outlives a new key, and not the end of its own", async () => {
    const made = attempt();
    const cookie = await kept(made);
    expect((await takeAttempt(made.state, sent(cookie), readSealKeys(`${KEY_1},${KEY_2}`), NOW)).attempt).not.toBeNull();
    expect((await takeAttempt(made.state, sent(cookie), readSealKeys(KEY_2), NOW)).attempt).toBeNull();
    await expect(keepAttempt(made, new Headers(), readSealKeys(undefined))).rejects.toThrow(/SINK_SECRETS_KEY/);
  });

  it("makes the oldest of too many go, and whatever is none first", async () => {
    const others = await Promise.all([5, 1, 4, 2, 3].map((minutes) => kept(attempt(NOW - minutes * 60_000))));
    const [set] = [await keepAttempt(attempt(), sent("__Host-oa-stranger=x", "other=y", ...others), KEYS)];
    const dropped = set.slice(0, -1).map((line) => line.split("=")[0]);
    expect(dropped).toEqual([others[0]?.split("=")[0], "__Host-oa-stranger"]);
    expect(set.slice(0, -1).every((line) => line.includes("Max-Age=0"))).toBe(true);
  });
});
