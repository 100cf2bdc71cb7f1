import { expect, it } from "vitest";
import { type Answer, type Credential, call, dataset, deployment, env, succeeded, token } from "../client.ts";

const on = (...names: string[]) => ({ datasetCapabilities: Object.fromEntries(names.map((name) => [name, { ingest: ["create"] }])) });

it("a token is answered with the datasets that its reader may see, and no other's name", async () => {
  const made = await deployment();
  for (const name of ["web", "secret"]) await dataset(made, name);
  const both = await token(made, on("web", "secret"));
  const reader = await token(made, { ...on("web"), orgCapabilities: { apiTokens: ["read", "update"] } });
  const apart = await token(made, { orgCapabilities: { apiTokens: ["read", "update"] } });
  const terraform = await token(made, { orgCapabilities: { apiTokens: ["read"], datasets: ["read"] } });
  const paths = ["/v2/tokens", "/v2/tokens?details=true", `/v2/tokens/${both.id}`, `/v2/tokens/${both.id}/details`];
  for (const [by, seen] of [
    [reader, on("web")],
    [apart, on()],
    [terraform, on("web", "secret")],
    [made.owner, on("web", "secret")],
  ] as [Credential, Record<string, unknown>][]) {
    for (const path of paths) {
      const body = succeeded(await call<Answer | Answer[]>("GET", path, by));
      const found = Array.isArray(body) ? body.find(({ id }) => id === both.id) : body;
      expect([path, found]).toEqual([path, expect.objectContaining(seen)]);
    }
  }
  for (const [what, body] of [
    ["disable", undefined],
    ["enable", undefined],
    ["regenerate", { existingTokenExpiresAt: new Date().toISOString() }],
  ] as const) {
    const reply = await call("POST", `/v2/tokens/${both.id}/${what}`, apart, body);
    expect(JSON.stringify(reply.body)).not.toMatch(/"(web|secret)"|dataset (web|secret)/);
  }
});

it("whoever makes a token gets back the datasets that they named, as later", async () => {
  const made = await deployment();
  for (const name of ["web", "secret"]) await dataset(made, name);
  const maker = await token(made, { ...on("web"), orgCapabilities: { apiTokens: ["create", "read"] } });
  const { token: _, ...created } = succeeded(await call("POST", "/v2/tokens", maker, { name: "n", ...on("web") }));
  expect(created).toMatchObject(on("web"));
  expect(succeeded(await call("GET", `/v2/tokens/${created.id}`, maker))).toEqual(created);
});

it("a list of the first API names no dataset that its reader may not see", async () => {
  const made = await deployment();
  for (const name of ["web", "secret"]) await dataset(made, name);
  const request = { name: "n", scopes: ["web", "secret"] };
  const { id } = succeeded(await call("POST", "/api/v1/tokens/ingest", made.owner, request));
  const role = { name: "looker", ...on("web"), orgCapabilities: { apiTokens: ["read"] } };
  const { id: roleId } = succeeded(await call("POST", "/v2/rbac/roles", made.session, role));
  await env.DB.prepare("UPDATE members SET role = ?").bind(roleId).run();
  for (const path of ["/api/v1/tokens/ingest", `/api/v1/tokens/ingest/${id}`]) {
    const body = succeeded(await call<Answer | Answer[]>("GET", path, made.owner));
    expect(Array.isArray(body) ? body[0] : body).toMatchObject({ scopes: ["web"] });
  }
});
