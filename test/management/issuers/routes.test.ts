import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { issuerDigest, issuerKey } from "../../../src/access/trusted-issuer.ts";
import {
  type Answer,
  auditRows,
  call,
  count,
  type Deployment,
  dataset,
  deployment,
  env,
  inKv,
  type Reply,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { audienceOf, may, type Provider, provider, put, takeAway, trust } from "./provider.ts";

const ANOTHER = await provider();
const CLAIMS = may({ "*": ["ingest:create"] });

describeResource({
  name: "issuers",
  // an API token makes none, so that the capability is asked for below
  kind: "personal",
  routes: [
    { method: "GET", path: "/v2/auth/issuers", capability: "apiTokens:read" },
    {
      method: "POST",
      path: "/v2/auth/issuers",
      by: "session",
      capability: "apiTokens:create",
      body: { name: "CI", issuer: ANOTHER.issuer, claims: CLAIMS },
      action: "issuer.create",
    },
    { method: "GET", path: "/v2/auth/issuers/:id", capability: "apiTokens:read" },
    {
      method: "PUT",
      path: "/v2/auth/issuers/:id",
      by: "session",
      capability: "apiTokens:update",
      body: { name: "renamed" },
      action: "issuer.update",
    },
    { method: "DELETE", path: "/v2/auth/issuers/:id", capability: "apiTokens:delete", action: "issuer.delete" },
  ],
  make: async (made) => (await trust(made, await provider())).id,
});

let made: Deployment;
let idp: Provider;

afterEach(() => {
  vi.useRealTimers();
});

/** KV takes one write per key and second. */
function later(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
}

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const create = (more: Record<string, unknown> = {}, credential = made.session) =>
  call("POST", "/v2/auth/issuers", credential, { name: "CI", issuer: idp.issuer, claims: CLAIMS, ...more });
const update = (id: string, body: Record<string, unknown>, credential = made.session) =>
  call("PUT", `/v2/auth/issuers/${id}`, credential, body);
const published = (audience = audienceOf(made)) => inKv(issuerKey(issuerDigest(idp.issuer, audience)));

describe("/v2/auth/issuers", () => {
  beforeEach(async () => {
    made = await deployment();
    idp = await provider();
  });

  describe("an issuer", () => {
    it("is the same when configured, got and listed", async () => {
      await dataset(made, "web");
      const claims = [
        {
          when: [
            { claim: "repository", equals: "acme/app" },
            { claim: "sub", startsWith: "repo:acme/" },
            { claim: "groups", includes: "ops" },
          ],
          grants: { datasets: { web: ["ingest:create", "query:read"] } },
        },
      ];
      const audience = `https://headgate.example/${made.org}`;
      const created = succeeded(await create({ claims, audience, typ: "JWT", algorithms: ["RS256", "ES256"], maxTokenAgeS: 600 }));
      expect(created).toMatchObject({
        name: "CI",
        issuer: idp.issuer,
        audience,
        jwksUri: idp.jwksUri,
        typ: "JWT",
        algorithms: ["RS256", "ES256"],
        maxTokenAgeS: 600,
        claims,
        status: "active",
        keyIds: [idp.signer.jwk.kid],
      });
      expect((await call("GET", `/v2/auth/issuers/${created.id}`, made.owner)).body).toEqual(created);
      expect((await call("GET", "/v2/auth/issuers", made.owner)).body).toEqual([created]);
    });

    it("is published with its keys, datasets by id", async () => {
      const { id } = await dataset(made, "web");
      const created = await trust(made, idp, { claims: may({ web: ["ingest:create"] }) });
      const { use: _, ...key } = idp.signer.jwk;
      const row = await env.DB.prepare("SELECT id FROM datasets WHERE name = 'web'").first<{ id: string }>();
      expect(id).toBe("web");
      expect(await published()).toMatchObject({
        ...{
          v: 1,
          id: created.id,
          org: made.org,
          issuer: idp.issuer,
          audience: audienceOf(made),
          status: "active",
          typ: "at+jwt",
          maxTokenAgeS: 3_600,
        },
        ...{ algorithms: ["ES256", "RS256"], keys: [key], ver: 1 },
        claims: [{ grants: { datasets: { [row?.id ?? ""]: ["ingest:create"] } } }],
      });
    });

    it("is a tombstone after its deletion, and can be configured anew with a higher version", async () => {
      const { id } = await trust(made, idp);
      later();
      expect((await call("DELETE", `/v2/auth/issuers/${id}`, made.owner)).status).toBe(204);
      expect(await published()).toMatchObject({ id, status: "deleted", claims: [], keys: [], ver: 2 });
      expect((await call<Answer[]>("GET", "/v2/auth/issuers", made.owner)).body).toEqual([]);
      later();
      const again = await trust(made, idp);
      expect(await published()).toMatchObject({ id: again.id, status: "active", ver: 3 });
    });

    it("is configured once for an audience, also by two at once", async () => {
      const replies = await Promise.all([create(), create()]);
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(refusal(await create())).toEqual([409, "entity-exists"]);
      expect((await create({ audience: `https://headgate.example/${made.org}` })).status).toBe(200);
    });

    it("has an audience that names the organisation, and no other", async () => {
      for (const audience of ["https://headgate.example", `${made.org}x`, `x-${made.org}`, `${made.org}-x`, made.org.toUpperCase(), "*"])
        expect([audience, ...refusal(await create({ audience }))]).toEqual([audience, 400, "body-invalid"]);
      const other = await secondOrganisation(made);
      expect(refusal(await create({ audience: audienceOf(made) }, { ...made.session, org: other.org ?? "" }))).toEqual([
        400,
        "body-invalid",
      ]);
    });

    it("is as unknown to another organisation as one that does not exist", async () => {
      const { id } = await trust(made, idp);
      const others = await secondOrganisation(made);
      for (const method of ["GET", "DELETE"] as const)
        expect(refusal(await call(method, `/v2/auth/issuers/${id}`, others))).toEqual([404, "resource-unknown"]);
      const session = { token: made.session.token, org: "of-others" };
      expect(refusal(await update(id, { name: "theirs" }, session))).toEqual([404, "resource-unknown"]);
      expect((await call("GET", "/v2/auth/issuers", others)).body).toEqual([]);
    });

    it("never changes its issuer and audience", async () => {
      const { id } = await trust(made, idp);
      for (const body of [{ issuer: "https://other.idp.example" }, { audience: made.org }])
        expect(refusal(await update(id, body))).toEqual([400, "body-invalid"]);
    });

    it("changes only what is named, and its keys are fetched anew", async () => {
      const created = await trust(made, idp);
      const other = await provider();
      await idp.publish(other.signer);
      later();
      const changed = succeeded(await update(created.id, { maxTokenAgeS: 60 }));
      expect(changed).toEqual({ ...created, maxTokenAgeS: 60, keyIds: [other.signer.jwk.kid], keysFetchedAt: changed["keysFetchedAt"] });
      expect(await published()).toMatchObject({ maxTokenAgeS: 60, keys: [{ kid: other.signer.jwk.kid }], ver: 2 });
    });

    it("can be disabled while it is down, but gets no address that does not answer", async () => {
      const { id } = await trust(made, idp);
      await takeAway(idp.jwksUri);
      later();
      expect(succeeded(await update(id, { status: "disabled" }))).toMatchObject({ status: "disabled", keyIds: [idp.signer.jwk.kid] });
      expect(await published()).toMatchObject({ status: "disabled" });
      expect(refusal(await update(id, { jwksUri: `${idp.issuer}/elsewhere` }))).toEqual([502, "upstream-failed"]);
    });

    it("of fifty is the last", async () => {
      await trust(made, idp);
      await env.DB.prepare(
        `INSERT INTO issuers SELECT id || n, org, digest || n, name, issuer, audience, algorithms, jwks_uri, typ, max_token_age_s, claims, status, keys, keys_at,
      created_at, ver, change_id FROM issuers, (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 49) SELECT n FROM c)`,
      ).run();
      expect(refusal(await create({ audience: `x ${made.org}` }))).toEqual([409, "conflict"]);
    });
  });

  describe("who configures an issuer", () => {
    it("is a person, since what a stolen API token configured would outlive it", async () => {
      const all = await token(made, {
        datasetCapabilities: { "*": { ingest: ["create"] } },
        orgCapabilities: { apiTokens: ["create", "read", "update", "delete"] },
      });
      const { id } = await trust(made, await provider());
      expect(refusal(await create({}, all))).toEqual([403, "token-kind"]);
      expect(refusal(await update(id, { name: "x" }, all))).toEqual([403, "token-kind"]);
      expect((await call("GET", "/v2/auth/issuers", all)).status).toBe(200);
      expect((await call("DELETE", `/v2/auth/issuers/${id}`, all)).status).toBe(204);
    });

    it("has signed in within a quarter of an hour", async () => {
      const { id } = await trust(made, await provider());
      await env.DB.prepare("UPDATE sessions SET authenticated_at = authenticated_at - 901000").run();
      expect(refusal(await create())).toEqual([403, "sign-in-required"]);
      expect(refusal(await update(id, { name: "x" }))).toEqual([403, "sign-in-required"]);
    });

    const asRole = async (capabilities: unknown) => {
      const json = JSON.stringify(capabilities);
      await env.DB.batch([
        env.DB.prepare(
          "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES ('r', ?, 'r', '', ?, 0, 1, '')",
        ).bind(made.org, json),
        env.DB.prepare("UPDATE members SET role = 'r'"),
      ]);
    };

    it("may make tokens, by name", async () => {
      const { id } = await trust(made, await provider());
      await asRole({ datasets: { "*": ["ingest:create", "query:read"] }, org: ["apiTokens:read"], views: {} });
      for (const [reply, capability] of [
        [await create(), "apiTokens:create"],
        [await update(id, { name: "x" }), "apiTokens:update"],
      ] as const) {
        expect(refusal(reply)).toEqual([403, "forbidden"]);
        expect(reply.body.message).toContain(capability);
      }
    });

    it("lets workloads do no more than they may themselves", async () => {
      await dataset(made, "web");
      await dataset(made, "audit-log");
      const { results } = await env.DB.prepare("SELECT id FROM datasets WHERE name = 'web'").all<{ id: string }>();
      const wide = await trust(made, await provider(), { claims: may({ "*": ["query:read"] }) });
      await asRole({ datasets: { [String(results[0]?.id)]: ["ingest:create"] }, org: ["apiTokens:create", "apiTokens:update"], views: {} });
      const tooWide: Record<string, string[]>[] = [
        { "*": ["ingest:create"] },
        { web: ["query:read"] },
        { "audit-log": ["ingest:create"] },
        { web: ["ingest:create"], "audit-log": ["query:read"] },
      ];
      for (const datasets of tooWide)
        expect([datasets, ...refusal(await create({ claims: may(datasets) }))]).toEqual([datasets, 403, "grant-too-wide"]);
      expect(refusal(await create({ claims: [...may({ web: ["ingest:create"] }), ...may({ "*": ["query:read"] })] }))).toEqual([
        403,
        "grant-too-wide",
      ]);
      // whoever chooses its keys is whoever it lets in
      for (const body of [{ jwksUri: idp.jwksUri }, { algorithms: ["RS256"] }, { status: "disabled" }])
        expect(refusal(await update(wide.id, body))).toEqual([403, "grant-too-wide"]);
      expect((await create({ claims: may({ web: ["ingest:create"] }) })).status).toBe(200);
    });

    it("still may when it is committed", async () => {
      const demoting = new Proxy(env.PUBLISHER, {
        get(target, name) {
          if (name !== "getByName") return Reflect.get(target, name);
          return (org: string) => ({
            // between the check and the commit
            announce: () =>
              env.DB.batch([env.DB.prepare("UPDATE members SET role = 'none'"), env.DB.prepare("UPDATE orgs SET rights = rights + 1")]),
            publish: () => target.getByName(org).publish(),
          });
        },
      });
      const body = { name: "CI", issuer: idp.issuer, claims: CLAIMS };
      expect(refusal(await call("POST", "/v2/auth/issuers", made.session, body, { instead: { PUBLISHER: demoting } }))).toEqual([
        409,
        "conflict",
      ]);
      expect(await env.DB.prepare("SELECT count(*) AS n FROM issuers").first("n")).toBe(0);
    });
  });

  describe("a mapping", () => {
    const when = [{ claim: "sub", equals: "a" }];
    it.each<[string, unknown]>([
      ["none", []],
      ["no list", {}],
      ["without conditions", [{ when: [], grants: { datasets: { "*": ["ingest:create"] } } }]],
      ["without grants", [{ when, grants: { datasets: {} } }]],
      ["without capabilities", [{ when, grants: { datasets: { "*": [] } } }]],
      ["of other capabilities", [{ when, grants: { datasets: { "*": ["trim:update"] } } }]],
      ["of the organisation's capabilities", [{ when, grants: { datasets: { "*": ["ingest:create"] }, org: ["apiTokens:create"] } }]],
      ["of a dataset that does not exist", [{ when, grants: { datasets: { nowhere: ["ingest:create"] } } }]],
      ["with two comparisons", may({ "*": ["ingest:create"] }, [{ claim: "sub", equals: "a", includes: "b" }])],
      ["with no comparison", may({ "*": ["ingest:create"] }, [{ claim: "sub" }])],
      ["with an unknown comparison", may({ "*": ["ingest:create"] }, [{ claim: "sub", matches: ".*" }])],
      ["with an empty text", may({ "*": ["ingest:create"] }, [{ claim: "sub", equals: "" }])],
      ["with a beginning within a word", may({ "*": ["ingest:create"] }, [{ claim: "sub", startsWith: "repo:acme" }])],
      ["with an empty beginning", may({ "*": ["ingest:create"] }, [{ claim: "sub", startsWith: "" }])],
      [
        "with nine conditions",
        may(
          { "*": ["ingest:create"] },
          Array.from({ length: 9 }, () => when[0]),
        ),
      ],
    ])("may not be %s", async (_, claims) => {
      expect(refusal(await create({ claims }))).toEqual([400, "body-invalid"]);
    });

    it.each<[string, Record<string, unknown>]>([
      ["HS256", { algorithms: ["HS256"] }],
      ["none", { algorithms: ["none"] }],
      ["no algorithm", { algorithms: [] }],
      ["another type", { typ: "id_token" }],
      ["an age of a week", { maxTokenAgeS: 604_800 }],
      ["an age of no time", { maxTokenAgeS: 0 }],
      ["a line feed in its issuer", { issuer: "https://a.idp.example\nb" }],
    ])("is of an issuer without %s", async (_, more) => {
      expect(refusal(await create(more))).toEqual([400, "body-invalid"]);
    });
  });

  describe("85 an address that an organisation gives", () => {
    it.each([
      "http://169.254.169.254/latest/meta-data",
      "https://169.254.169.254",
      "https://localhost",
      "https://localhost:8443",
      "https://[::1]",
      "https://[fd00::1]/",
      "https://10.0.0.1",
      "https://0x7f.1",
      "https://metadata.google.internal",
      "https://printer.local",
      "https://intranet",
      "https://user:secret@p.idp.example",
      "http://p.idp.example",
      "file:///etc/passwd",
      "javascript:alert(1)",
    ])("85 may not be %s, as issuer or as jwksUri", async (url) => {
      expect(refusal(await create({ issuer: url }))).toEqual([400, "body-invalid"]);
      expect(refusal(await create({ jwksUri: url }))).toEqual([400, "body-invalid"]);
    });

    it("85 is not followed to a redirect's target", async () => {
      await put(idp.jwksUri, "", { status: 302, headers: { location: `${ANOTHER.issuer}/jwks` } });
      expect(refusal(await create())).toEqual([502, "upstream-failed"]);
    });

    it.each<[string, (issuer: string) => unknown]>([
      ["of another issuer", (issuer) => ({ issuer: `${issuer}/`, jwks_uri: `${issuer}/jwks` })],
      ["without jwks_uri", (issuer) => ({ issuer })],
      ["with a private jwks_uri", (issuer) => ({ issuer, jwks_uri: "https://169.254.169.254/keys" })],
      ["with a plain jwks_uri", (issuer) => ({ issuer, jwks_uri: `${issuer.replace("https", "http")}/jwks` })],
      ["that is a list", () => []],
      ["that is HTML", () => "<!doctype html>"],
    ])("85 may not lead to a discovery document %s", async (_, document) => {
      const value = document(idp.issuer);
      await put(`${idp.issuer}/.well-known/openid-configuration`, typeof value === "string" ? value : JSON.stringify(value));
      const before = await count("audit");
      const reply = await create();
      expect(refusal(reply)).toEqual([502, "upstream-failed"]);
      expect(await count("audit")).toBe(before);
    });

    it("85 may be given for the keys alone, and then the issuer is not asked", async () => {
      const issuer = "urn:kubernetes:cluster-1";
      expect(succeeded(await create({ issuer, jwksUri: idp.jwksUri }))).toMatchObject({ issuer, jwksUri: idp.jwksUri });
    });

    it("85 is told apart by what went wrong there, in words of ours only", async () => {
      await put(idp.jwksUri, "secret page", { status: 500 });
      const reply = await create();
      expect(reply.body.message).toMatch(/answered 500/);
      expect(reply.body.message).not.toContain("secret");
    });
  });

  describe("what is noted of an issuer", () => {
    it("is what it was before and after, without its keys", async () => {
      const { id } = await trust(made, idp);
      await update(id, { name: "renamed" });
      const { detail } = (await auditRows()).at(-1) ?? { detail: "{}" };
      expect(JSON.parse(detail)).toMatchObject({ before: { name: "CI" }, after: { name: "renamed" } });
      expect(detail).not.toContain(idp.signer.jwk.x);
    });
  });
});
