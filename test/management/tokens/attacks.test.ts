/** What somebody who may make tokens could try, to get more than that. */
import { describe, expect, it } from "vitest";
import { digestOf, mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { type Credential, call, count, type Deployment, dataset, deployment, env, reasonOf, succeeded, token } from "../client.ts";

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const make = (by: Credential, request: Record<string, unknown> | string) =>
  call("POST", "/v2/tokens", by, typeof request === "string" ? request : { name: "n", ...request });

/** A member with a custom role, on the datasets of a team, as the database has it. */
async function member({ org }: Deployment, capabilities: Record<string, unknown>, teamDatasets: string[]): Promise<Credential> {
  const secret = mintToken("personal", settingsOf(env).tagKeys);
  const run = (sql: string, ...values: unknown[]) => env.DB.prepare(sql).bind(...values);
  await env.DB.batch([
    run(
      "INSERT INTO users (id, org, name, email, status, created_at, ver, change_id) VALUES ('eve', ?, 'Eve', 'e@x.example', 'active', 0, 1, '')",
      org,
    ),
    run(
      "INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) VALUES (? || '/eve', ?, 'eve', 'user', 0, 1, '')",
      org,
      org,
    ),
    run(
      `INSERT INTO personal_tokens (id, user_id, digest, name, description, hint, status, created_at, change_id)
      VALUES ('pat', 'eve', ?, 'n', '', '', 'active', 0, '')`,
      digestOf(secret),
    ),
    run(
      "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES ('maker', ?, 'm', '', ?, 0, 1, '')",
      org,
      JSON.stringify({ datasets: {}, org: [], views: {}, ...capabilities }),
    ),
    run("INSERT INTO groups (id, org, name, description, created_at, ver, change_id) VALUES ('g', ?, 'g', '', 0, 1, '')", org),
    run("INSERT INTO group_members (group_id, user_id) VALUES ('g', 'eve')"),
    run("INSERT INTO group_roles (group_id, role) VALUES ('g', 'maker')"),
    run("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('t', ?, 't', '', 0, 1, '')", org),
    run("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES ('t', 'eve', 0, 0)"),
    ...teamDatasets.map((name) => run("INSERT INTO team_datasets (team_id, dataset_id) SELECT 't', id FROM datasets WHERE name = ?", name)),
  ]);
  return { token: secret, org };
}

describe("a request for a token", () => {
  it("46: reads names of prototypes as names, and headers as texts", async () => {
    const made = await deployment();
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const named = JSON.stringify(name);
      for (const body of [
        `{"name":"n","datasetCapabilities":{${named}:{"ingest":["create"]}}}`,
        `{"name":"n","datasetCapabilities":{"*":{${named}:["create"]}}}`,
        `{"name":"n","orgCapabilities":{${named}:["read"]}}`,
        `{"name":"n","orgCapabilities":{"users":[${named}]}}`,
        `{"name":"n","viewCapabilities":{"v":{${named}:["read"]}}}`,
      ]) {
        const reply = await make(made.owner, body);
        expect([body, reply.status, reasonOf(reply)]).toEqual([body, 400, "body-invalid"]);
      }
      const view = await make(made.owner, `{"name":"n","viewCapabilities":{${named}:{"query":["read"]}}}`);
      expect(Object.keys(succeeded(view)["viewCapabilities"] as object)).toEqual([name]);
    }
    const labels = { "x-axiom-event-labels": '{"a":"b"},"orgCapabilities":{}', "idempotency-key": '{"__proto__":1}' };
    const reply = await call("POST", "/v2/tokens", made.owner, { name: "n", ...INGEST }, { headers: labels });
    expect(succeeded(reply)).toMatchObject({ orgCapabilities: {}, datasetCapabilities: INGEST.datasetCapabilities });
  });

  it("46: is refused when it is a mebibyte", async () => {
    const made = await deployment();
    const reply = await make(made.owner, `{"name":"n","description":"${"x".repeat(1_048_576)}"}`);
    expect([reply.status, reasonOf(reply)]).toEqual([413, "body-too-large"]);
  });

  it.each([
    ...["id", "org", "createdBy", "createdAt", "kind", "status", "st", "exp", "caps", "role", "isOwner", "token", "hash", "digest"],
    ...["family", "parent", "successor", "disabled", "hint", "ver", "samlAuthenticated", "capabilities", "existingTokenExpiresAt"],
  ])("47: does not assign %s", async (member) => {
    const made = await deployment();
    for (const request of [
      { ...INGEST, [member]: "mine" },
      { ...INGEST, [member]: null },
    ]) {
      const reply = await make(made.owner, request);
      expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
      expect(reply.body.message).toContain(member);
    }
    expect(await count("tokens")).toBe(0);
  });

  it.each([
    ["an unknown capability", { orgCapabilities: { users: ["read", "impersonate"] } }, "body-invalid"],
    ["a dataset's capability on the organisation", { orgCapabilities: { ingest: ["create"] } }, "body-invalid"],
    ["the organisation's on a dataset", { datasetCapabilities: { "*": { apiTokens: ["create"] } } }, "body-invalid"],
    ["a capability in upper case", { orgCapabilities: { users: ["READ"] } }, "body-invalid"],
    ["a wildcard for a resource", { datasetCapabilities: { "*": { "*": ["create"] } } }, "body-invalid"],
    ["a wildcard for an action", { orgCapabilities: { users: ["*"] } }, "body-invalid"],
    ["a wildcard in a dataset's name", { datasetCapabilities: { "w*": { ingest: ["create"] } } }, "body-invalid"],
    ["two wildcards", { datasetCapabilities: { "**": { ingest: ["create"] } } }, "body-invalid"],
    ["a list of lists", { orgCapabilities: { users: [["read"]] } }, "body-invalid"],
    ["an array of scopes", { datasetCapabilities: [{ ingest: ["create"] }] }, "body-invalid"],
    ["empty lists", { orgCapabilities: { users: [] }, datasetCapabilities: { "*": { ingest: [] } } }, "capability-missing"],
    ["null for all", { orgCapabilities: null, datasetCapabilities: null, viewCapabilities: null }, "capability-missing"],
    ["empty scopes", { datasetCapabilities: { "*": {} }, viewCapabilities: { "*": null } }, "capability-missing"],
  ])("48: grants nothing for %s", async (_, request, reason) => {
    const made = await deployment();
    await dataset(made, "web");
    const reply = await make(made.owner, request);
    expect([reply.status, reasonOf(reply)]).toEqual([400, reason]);
    expect(await count("tokens")).toBe(0);
  });

  it("48: with a member twice is one with the last, as it is judged and as it is stored", async () => {
    const made = await deployment();
    const maker = await token(made, { ...INGEST, orgCapabilities: { apiTokens: ["create"] } });
    const twice = (first: string, last: string) => `{"name":"n","orgCapabilities":${first},"orgCapabilities":${last}}`;
    const [held, more] = ['{"apiTokens":["create"]}', '{"users":["delete"]}'];
    expect(reasonOf(await make(maker, twice(held, more)))).toBe("grant-too-wide");
    expect(succeeded(await make(maker, twice(more, held)))["orgCapabilities"]).toEqual({ apiTokens: ["create"] });
  });
});

describe("a member of a team who may make tokens", () => {
  const MAKER = { org: ["apiTokens:create", "apiTokens:read"], datasets: { "*": ["ingest:create", "query:read"] } };

  it("49: makes them for the team's datasets only, and learns of no other", async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const eve = await member(made, MAKER, ["web"]);
    const web = succeeded(await make(eve, { datasetCapabilities: { web: { ingest: ["create"] } } }));
    expect(web["datasetCapabilities"]).toEqual({ web: { ingest: ["create"] } });

    const all = await make(eve, INGEST);
    expect([all.status, reasonOf(all)]).toEqual([403, "grant-too-wide"]);
    const [hidden, none] = [
      await make(eve, { datasetCapabilities: { api: { ingest: ["create"] } } }),
      await make(eve, { datasetCapabilities: { nix: { ingest: ["create"] } } }),
    ];
    expect([hidden.status, reasonOf(hidden)]).toEqual([none.status, reasonOf(none)]);
    expect(hidden.body.message.replace("api", "nix")).toBe(none.body.message);
  });

  it.each([
    ["the right to make datasets", { orgCapabilities: { datasets: ["create"] } }],
    ["what the role lacks", { orgCapabilities: { users: ["delete"] } }],
    ["more than the role on its dataset", { datasetCapabilities: { web: { trim: ["update"] } } }],
    ["all views' sharing", { viewCapabilities: { "*": { share: ["create"] } } }],
  ])("49: hands on none of %s", async (_, request) => {
    const made = await deployment();
    await dataset(made, "web");
    const reply = await make(await member(made, MAKER, ["web"]), request);
    expect([reply.status, reasonOf(reply)]).toEqual([403, "grant-too-wide"]);
    expect(await count("tokens")).toBe(0);
  });

  it("49: reaches no wider token by regenerating or enabling it", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const eve = await member(made, { ...MAKER, org: [...MAKER.org, "apiTokens:update"] }, ["web"]);
    const wide = await token(made, INGEST);
    succeeded(await call("POST", `/v2/tokens/${wide.id}/disable`, made.owner));
    const renewed = await call("POST", `/v2/tokens/${wide.id}/regenerate`, eve, { existingTokenExpiresAt: new Date().toISOString() });
    expect([renewed.status, reasonOf(renewed)]).toEqual([403, "grant-too-wide"]);
    const enabled = await call("POST", `/v2/tokens/${wide.id}/enable`, eve);
    expect([enabled.status, reasonOf(enabled)]).toEqual([403, "grant-too-wide"]);
  });

  const HAPPENINGS = [
    ["loses the role", "UPDATE orgs SET rights = rights + 1"],
    ["is demoted", "UPDATE members SET role = 'none' WHERE user_id = 'eve'"],
    ["is disabled", "UPDATE users SET status = 'disabled' WHERE id = 'eve'"],
    ["is removed", "DELETE FROM members WHERE user_id = 'eve'"],
    ["has the personal token deleted", "UPDATE personal_tokens SET status = 'revoked' WHERE id = 'pat'"],
  ] as const;
  const WEB = { datasetCapabilities: { web: { ingest: ["create"] } } };
  const WAYS = [
    ["makes", "", { name: "n", ...WEB }],
    ["regenerates", "/:id/regenerate", { existingTokenExpiresAt: new Date().toISOString() }],
    ["enables", "/:id/enable", undefined],
  ] as const;

  it.each(WAYS.flatMap((way) => HAPPENINGS.map((happening) => [...way, ...happening] as const)))(
    "50: %s nothing any more (%s, %o) when at the same moment she %s",
    async (_, path, body, __, sql) => {
      const made = await deployment();
      await dataset(made, "web");
      const eve = await member(made, { ...MAKER, org: [...MAKER.org, "apiTokens:update"] }, ["web"]);
      const off = await token(made, WEB);
      succeeded(await call("POST", `/v2/tokens/${off.id}/disable`, made.owner));
      const before = [await count("tokens"), await count("audit"), await count("changes")];
      const DB = {
        prepare: (text: string) => env.DB.prepare(text),
        async batch(statements: D1PreparedStatement[]) {
          // her rights are read by a batch too; that of a commit is longer
          if (statements.length > 3) await env.DB.prepare(sql).run();
          return env.DB.batch(statements);
        },
      } as unknown as D1Database;
      const reply = await call("POST", `/v2/tokens${path.replace(":id", off.id)}`, eve, body, { instead: { DB } });
      expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
      expect([await count("tokens"), await count("audit"), await count("changes")]).toEqual(before);
    },
  );
});
