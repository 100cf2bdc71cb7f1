import { afterEach, describe, expect, it, vi } from "vitest";
import { addUses } from "../../../src/management/tokens/usage.ts";
import { type Answer, call, dataset, deployment, env, reasonOf, succeeded, token } from "../client.ts";

afterEach(() => {
  vi.useRealTimers();
});

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const DAY = 86_400_000;

describe("the details of a token", () => {
  it("are all that is known of it, but for its secret", async () => {
    const made = await deployment();
    const { token: secret, ...one } = await token(made, { name: "one", ...INGEST });
    const details = succeeded(await call("GET", `/v2/tokens/${one.id}/details`, made.owner));
    expect(details).toEqual({
      ...one,
      kind: "api",
      status: "active",
      disabled: false,
      hint: secret.slice(-4),
      createdAt: expect.stringMatching(/^2\d{3}-\d\d-\d\dT[\d:.]+Z$/),
      createdBy: made.user.id,
      lastUsedAt: null,
      family: one.id,
      parent: null,
      successor: null,
    });
    expect(succeeded(await call("GET", "/v2/tokens?details=true", made.owner))).toEqual([details]);
    expect(succeeded(await call("GET", "/v2/tokens", made.owner))).toEqual([one]);
  });
});

describe("the list of details", () => {
  const several = async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const of = (name: string, more: Record<string, unknown> = {}) => token(made, { name, description: `for ${name}`, ...INGEST, ...more });
    const [live, off, ended, later] = [
      await of("live", { datasetCapabilities: { web: { ingest: ["create"] } } }),
      await of("off", { datasetCapabilities: { api: { query: ["read"] } } }),
      await of("ended"),
      await of("later", { notBefore: "2100-01-01T00:00:00Z" }),
    ];
    succeeded(await call("POST", `/v2/tokens/${off.id}/disable`, made.owner));
    succeeded(await call("PUT", `/v2/tokens/${ended.id}/expiry`, made.owner, { expiresAt: "2020-01-01T00:00:00Z" }));
    return { made, live, off, ended, later };
  };

  it("is chosen by state, dataset, text and use", async () => {
    const { made, live, off, ended, later } = await several();
    const chosen = async (query: string) =>
      succeeded(await call<Answer[]>("GET", `/v2/tokens?details=true&${query}`, made.owner)).map(({ name }) => name);
    expect(await chosen("state=active")).toEqual(["live"]);
    expect(await chosen("state=disabled")).toEqual(["off"]);
    expect(await chosen("state=expired")).toEqual(["ended"]);
    expect(await chosen("state=not-yet-valid")).toEqual(["later"]);
    expect(await chosen("dataset=web")).toEqual(["live", "ended", "later"]);
    expect(await chosen("dataset=api&state=disabled")).toEqual(["off"]);
    expect(await chosen("q=FOR%20O")).toEqual(["off"]);
    expect(await chosen(`q=${later.id}`)).toEqual(["later"]);
    expect(await chosen(`q=${live.token.slice(-4)}`)).toContain("live");

    const long = Date.now() - 40 * DAY;
    await env.DB.prepare("UPDATE tokens SET created_at = ?").bind(long).run();
    await env.DB.prepare("UPDATE tokens SET last_used_at = ? WHERE id = ?")
      .bind(Date.now() - 10 * DAY, ended.id)
      .run();
    await env.DB.prepare("UPDATE tokens SET last_used_at = ? WHERE id = ?").bind(Date.now(), off.id).run();
    expect((await chosen("unused=30")).sort()).toEqual(["later", "live"]);
    expect((await chosen("unused=7")).sort()).toEqual(["ended", "later", "live"]);
  });

  it.each([
    ["state=asleep", 400, "parameter-invalid"],
    ["unused=0", 400, "parameter-invalid"],
    ["unused=1.5", 400, "parameter-invalid"],
    ["q=", 400, "parameter-invalid"],
    ["dataset=nothing", 404, "dataset-unknown"],
  ])("refuses %s", async (query, status, reason) => {
    const made = await deployment();
    const reply = await call("GET", `/v2/tokens?details=true&${query}`, made.owner);
    expect([reply.status, reasonOf(reply)]).toEqual([status, reason]);
  });

  it.each(["details=maybe", "state=active", "q=x", "details=false&unused=3"])("does not pass over %s in the plain list", async (query) => {
    const made = await deployment();
    const reply = await call("GET", `/v2/tokens?${query}`, made.owner);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "parameter-invalid"]);
  });
});

describe("the use of a token", () => {
  it("is what the regions reported, by day", async () => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const now = Date.now();
    const day = (ago: number) => new Date(now - ago * DAY).toISOString().slice(0, 10);
    const use = { tokenId: one.id, org: made.org, requests: 3, bytes: 900, refused: 1 };
    await addUses(
      env.DB,
      [
        { ...use, day: day(0), lastUsedAt: now },
        { ...use, day: day(6), lastUsedAt: null },
        { ...use, day: day(40), lastUsedAt: null },
      ],
      now,
    );
    const usage = (query = "") => call(`GET`, `/v2/tokens/${one.id}/usage${query}`, made.owner);
    const counts = { requests: 3, bytes: 900, refused: 1 };
    expect(succeeded(await usage())).toMatchObject({
      ...{ id: one.id, since: day(29), lastUsedAt: new Date(now).toISOString().replace(/\.?0*Z$/, "Z") },
      days: [
        { day: day(6), ...counts },
        { day: day(0), ...counts },
      ],
    });
    expect(succeeded(await usage("?days=1"))).toMatchObject({ since: day(0), days: [{ day: day(0) }] });
    expect(succeeded(await usage("?days=41"))["days"]).toHaveLength(3);
    for (const days of ["0", "401", "-1", "all"]) expect(reasonOf(await usage(`?days=${days}`))).toBe("parameter-invalid");
  });

  it("counts at management, too, to some minutes", async () => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const lastUsed = async () => succeeded(await call("GET", `/v2/tokens/${one.id}/details`, made.owner))["lastUsedAt"];
    expect(await lastUsed()).toBeNull();
    const first = Date.now() + 1_000;
    for (const [now, expected] of [
      [first, first],
      [first + 60_000, first],
      [first + 400_000, first + 400_000],
    ] as const) {
      vi.useFakeTimers({ toFake: ["Date"], now });
      succeeded(await call("GET", "/v2/datasets", { token: one.token }));
      expect(Date.parse(String(await lastUsed()))).toBe(expected);
    }
  });
});
