import { describe, expect, it } from "vitest";
import { mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { call, dataset, deployment, env, MAY_ALL, reasonOf, secondOrganisation, succeeded, token } from "../client.ts";

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };

describe("what a credential is and may do", () => {
  it("is told to an API token, with its restrictions", async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const restricted = { expiresAt: "2100-01-01T00:00:00Z", networks: ["203.0.113.7"], limits: { requestsPerSecond: 1 } };
    const capabilities = { datasetCapabilities: { web: { ingest: ["create"] } }, orgCapabilities: {} };
    const one = await token(made, { name: "one", ...capabilities, ...restricted });
    // from where it may come
    const reply = await call("GET", "/v2/tokens/current", { token: one.token }, undefined, {
      headers: { "cf-connecting-ip": "203.0.113.7" },
    });
    expect(succeeded(reply)).toEqual({
      ...{ kind: "api", id: one.id, name: "one", organisation: { id: made.org, name: "Acme" } },
      ...{ ...capabilities, viewCapabilities: {}, datasets: ["web"] },
      ...{ ...restricted, notBefore: null },
    });
  });

  it.each(["owner", "session"] as const)("is told to the %s's credential, with the person and the role", async (which) => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const told = succeeded(await call("GET", "/v2/tokens/current", made[which]));
    expect(told).toMatchObject({
      ...{ kind: which === "owner" ? "personal" : "session", id: expect.any(String), name: "setup", organisation: { id: made.org } },
      ...{ user: made.user, role: { id: "owner", name: "Owner" }, datasets: ["api", "web"] },
      ...{ expiresAt: which === "owner" ? null : expect.stringMatching(/Z$/), notBefore: null, networks: null, limits: null },
      ...{ orgCapabilities: { apiTokens: ["create", "read", "update", "delete"] } },
    });
    expect(JSON.stringify(told)).not.toContain(made[which].token);
  });

  it("needs an organisation of a person", async () => {
    const made = await deployment();
    expect(reasonOf(await call("GET", "/v2/tokens/current", { token: made.owner.token }))).toBe("organisation-required");
  });
});

describe("a token that was found somewhere", () => {
  it("is described to whoever may read tokens, dead or alive", async () => {
    const made = await deployment();
    const one = await token(made, { name: "lost", description: "of the shipper", ...INGEST });
    const identify = async () => succeeded(await call("POST", "/v2/tokens/identify", made.owner, { token: one.token }));
    const facts = {
      id: one.id,
      name: "lost",
      description: "of the shipper",
      createdAt: expect.any(String),
      createdBy: made.user.id,
      kind: "api",
    };
    expect(await identify()).toEqual({ active: true, ...facts, status: "active" });
    succeeded(await call("POST", `/v2/tokens/${one.id}/disable`, made.owner));
    expect(await identify()).toEqual({ active: false, ...facts, status: "disabled" });
    await call("DELETE", `/v2/tokens/${one.id}`, made.owner);
    expect(await identify()).toEqual({ active: false, ...facts, status: "revoked" });
  });

  it("89: is the same as none to another organisation, and to its own only without a word about others", async () => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const others = await secondOrganisation(made);
    const unknown = [
      one.token,
      mintToken("api", settingsOf(env).tagKeys),
      `${one.token.slice(0, -1)}_`,
      made.owner.token,
      made.session.token,
      "",
      "nonsense",
      "x".repeat(100_000),
    ];
    const bodies = [];
    for (const text of unknown) {
      const reply = await call("POST", "/v2/tokens/identify", others, { token: text });
      bodies.push(JSON.stringify(succeeded(reply)));
    }
    expect([...new Set(bodies)]).toEqual(['{"active":false}']);
    for (const text of unknown.slice(1))
      expect((await call("POST", "/v2/tokens/identify", made.owner, { token: text })).body).toEqual({ active: false });
  });

  it("89: is not described to who may not read tokens", async () => {
    const made = await deployment();
    const { orgCapabilities, ...rest } = MAY_ALL;
    const blind = await token(made, { ...rest, orgCapabilities: { ...orgCapabilities, apiTokens: ["create", "update", "delete"] } });
    for (const text of [blind.token, "nonsense"]) {
      const reply = await call("POST", "/v2/tokens/identify", blind, { token: text });
      expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
      expect(reply.body.message).not.toContain(text);
    }
  });
});
