import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { issuerDigest, issuerKey } from "../../../src/access/trusted-issuer.ts";
import { refreshIssuers } from "../../../src/management/issuers/refresh.ts";
import { auditRows, call, count, type Deployment, deployment, env, inKv } from "../client.ts";
import { audienceOf, type Provider, provider, put, takeAway, trust } from "./provider.ts";

const HOUR = 3_600_000;

let made: Deployment;
let idp: Provider;

beforeEach(async () => {
  made = await deployment();
  idp = await provider();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The hourly run, an hour later. */
async function anHourLater(): Promise<number> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR });
  await refreshIssuers(env, Date.now());
  return Date.now();
}

const published = (of = idp) => inKv(issuerKey(issuerDigest(of.issuer, audienceOf(made))));

describe("every hour", () => {
  it("an issuer's keys are fetched and published, and a change of them is noted", async () => {
    await trust(made, idp);
    const next = await provider();
    await idp.publish(idp.signer, next.signer);
    const at = await anHourLater();
    const kids = [idp.signer.jwk.kid, next.signer.jwk.kid];
    expect(await published()).toMatchObject({ keys: kids.map((kid) => ({ kid })), keysAt: at, ver: 2 });
    const last = (await auditRows()).at(-1);
    expect(last).toMatchObject({ action: "issuer.keys", actor_kind: "system" });
    expect(JSON.parse(last?.detail ?? "{}").after.keyIds).toEqual([...kids].sort());
  });

  it("the same keys are published for their age, and noted by nobody", async () => {
    await trust(made, idp);
    const before = await count("audit");
    const at = await anHourLater();
    expect(await published()).toMatchObject({ keysAt: at, ver: 2 });
    expect(await count("audit")).toBe(before);
  });

  it("an issuer that is down keeps its keys, and holds up no other", async () => {
    const other = await provider();
    await trust(made, idp);
    await trust(made, other);
    const before = await published();
    await takeAway(idp.jwksUri);
    const at = await anHourLater();
    expect(await published()).toEqual(before);
    expect(await published(other)).toMatchObject({ keysAt: at });
  });

  it("one that answers nonsense keeps its keys, too", async () => {
    await trust(made, idp);
    const before = await published();
    for (const body of ["<!doctype html>", '{"keys":[]}', "x".repeat(300_000)]) {
      await put(idp.jwksUri, body);
      await anHourLater();
      expect(await published()).toEqual(before);
    }
  });

  it("nobody asks an issuer that is disabled, or whose keys are half an hour young", async () => {
    const { id } = await trust(made, idp);
    await refreshIssuers(env, Date.now() + HOUR / 2 - 1_000);
    await call("PUT", `/v2/auth/issuers/${id}`, made.session, { status: "disabled" });
    await anHourLater();
    // when it was configured, and when it was disabled
    expect(await takeAway(idp.jwksUri)).toBe(2);
  });
});
