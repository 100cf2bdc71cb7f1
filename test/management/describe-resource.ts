/** What every resource owes, whatever it is. */
import { beforeEach, describe, expect, it } from "vitest";
import { mintToken, type TokenKind } from "../../src/access/token.ts";
import { settingsOf } from "../../src/management/env.ts";
import {
  type Answer,
  allBut,
  auditRows,
  type Credential,
  call,
  count,
  type Deployment,
  deployment,
  env,
  reasonOf,
  token,
} from "./client.ts";

export interface Route {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** `:id` stands for one that exists, or one that does not. */
  path: string;
  /** Without it 403; null: any credential may. */
  capability: string | null;
  /** What it takes instead of any credential; its capability is then judged by the matrix alone. */
  by?: "personal" | "session";
  /** A body that is accepted. */
  body?: Record<string, unknown>;
  /** What the audit log calls it; absent where nothing changes. */
  action?: string;
}

export interface Resource {
  name: string;
  routes: Route[];
  /** A kind of token that is taken by all of them; absent: `api`. */
  kind?: TokenKind;
  /** Makes one and returns its id. */
  make?(made: Deployment): Promise<string>;
}

const BODY_TOO_LARGE = JSON.stringify({ name: "x".repeat(300_000) });

export function describeResource({ name, routes, kind = "api", make }: Resource): void {
  describe(`${name} as a resource`, () => {
    let made: Deployment;
    let id = "";

    beforeEach(async () => {
      made = await deployment();
      id = (await make?.(made)) ?? "";
    });

    const send = ({ method, path, body }: Route, credential: Credential | null, what: { id?: string; body?: unknown } = {}) =>
      call<Answer>(method, path.replace(":id", what.id ?? id), credential, what.body ?? body);
    const ownerFor = ({ by }: Route) => (by === "session" ? made.session : made.owner);
    const titled = (chosen: Route[]) => chosen.map((route) => [`${route.method} ${route.path}`, route] as const);

    it.each(titled(routes))("1 %s needs a credential, before anything is read", async (_, route) => {
      const broken = route.body ? { body: "{" } : {};
      const bare = await send(route, null, broken);
      expect([bare.status, reasonOf(bare)]).toEqual([401, "credential-missing"]);
      expect(bare.headers.get("www-authenticate")).toBe('Bearer realm="headgate"');

      const unknown = await send(route, { token: mintToken(route.by ?? kind, settingsOf(env).tagKeys) }, broken);
      expect([unknown.status, reasonOf(unknown)]).toEqual([401, "token-unknown"]);
      const malformed = await send(route, { token: "xapt-123" }, broken);
      expect([malformed.status, reasonOf(malformed)]).toEqual([401, "credential-malformed"]);
    });

    const guarded = routes.filter(({ capability, by }) => capability !== null && by === undefined);
    it.runIf(guarded.length > 0).each(titled(guarded))("%s names the capability that is missing", async (_, route) => {
      const capability = String(route.capability);
      const everythingElse = await token(made, {
        datasetCapabilities: { "*": { ingest: ["create"] } },
        orgCapabilities: allBut(capability),
      });
      const before = await count("audit");
      const reply = await send(route, everythingElse);
      expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
      expect(reply.body.message).toContain(capability);
      expect(await count("audit")).toBe(before);
    });

    const single = routes.filter(({ path }) => path.includes(":id"));
    it.runIf(single.length > 0).each(titled(single))("%s answers 404 for one that does not exist", async (_, route) => {
      const reply = await send(route, ownerFor(route), { id: "no-such-one" });
      expect(reply.status).toBe(404);
      expect(reasonOf(reply)).toMatch(/-unknown$/);
      expect(reply.body.message).toMatch(/not found/i);
    });

    const reading = routes.filter(({ body }) => body);
    it.runIf(reading.length > 0).each(titled(reading))("%s refuses bodies that it does not understand", async (_, route) => {
      for (const body of ["{", "[]", "null", "", '"text"', JSON.stringify({ ...route.body, surprise: 1 })]) {
        const reply = await send(route, ownerFor(route), { body });
        expect([body, reply.status, reasonOf(reply)]).toEqual([body, 400, "body-invalid"]);
      }
      const large = await send(route, ownerFor(route), { body: BODY_TOO_LARGE });
      expect([large.status, reasonOf(large)]).toEqual([413, "body-too-large"]);
    });

    const changing = routes.filter(({ action }) => action);
    it.runIf(changing.length > 0).each(titled(changing))("90 %s leaves one audit entry, without a secret", async (_, route) => {
      const before = (await auditRows()).length;
      const reply = await send(route, ownerFor(route));
      expect(reply.status).toBeLessThan(300);
      // what Headgate does by itself afterwards is another entry
      const entries = (await auditRows()).slice(before).filter(({ actor_kind }) => actor_kind !== "system");
      const traceId = reply.headers.get("x-axiom-trace-id");
      expect(entries).toMatchObject([{ action: route.action, actor_kind: "user", actor_id: made.user.id, trace_id: traceId }]);
      expect(JSON.stringify(entries)).not.toMatch(/xa[aps]t-/);
    });

    it.each(titled(routes.filter(({ action }) => !action)))("%s changes nothing", async (_, route) => {
      const before = [await count("audit"), await count("changes")];
      expect((await send(route, ownerFor(route))).status).toBe(200);
      expect([await count("audit"), await count("changes")]).toEqual(before);
    });
  });
}
