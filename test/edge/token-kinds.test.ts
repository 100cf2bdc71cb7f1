import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { organisationKey, organisationMap, permissionKey, permissionSet } from "../../src/access/permission-set.ts";
import { digestOf, mintToken } from "../../src/access/token.ts";
import { type EdgeEnv, settingsOf } from "../../src/edge/env.ts";
import { INGEST_ROUTES } from "../../src/edge/protocols/index.ts";
import worker from "../../src/edge/worker.ts";
import { env, HERE, token as made, organisation, post } from "./gateway.ts";

const PATHS = INGEST_ROUTES.map(({ path }) => path.replace(":dataset", "web"));
const AXIOMS = "xait-96ac7408-c7d1-4cde-9e23-d1bda820636a";

/** An edge whose stores must not be asked. */
function untouched(more: Partial<EdgeEnv> = {}): { edge: EdgeEnv; touched: string[] } {
  const touched: string[] = [];
  const alarmed = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, member) => () => {
          touched.push(`${name}.${String(member)}`);
          throw new Error("asked");
        },
      },
    ) as never;
  const edge = {
    ...env,
    PERMISSIONS: alarmed("PERMISSIONS"),
    AUTHORITY: alarmed("AUTHORITY"),
    BUFFER: alarmed("BUFFER"),
    SEGMENTS: alarmed("SEGMENTS"),
    ...more,
  };
  return { edge, touched };
}

async function sent(path: string, token: string, edge: EdgeEnv): Promise<[number, string]> {
  const request = new Request(`https://edge.example${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: "[{}]",
  });
  const response = await worker.fetch(request as never, edge, createExecutionContext());
  const body = (await response.json()) as { type?: string };
  return [response.status, body.type?.replace("urn:headgate:problem:", "") ?? ""];
}

describe("an ingest route", () => {
  it.each(PATHS)("39: refuses sessions and personal tokens at %s before it asks anybody", async (path) => {
    const { edge, touched } = untouched();
    for (const kind of ["session", "personal"] as const)
      expect(await sent(path, mintToken(kind, settingsOf(env).tagKeys), edge)).toEqual([403, "token-kind"]);
    expect(touched).toEqual([]);
  });

  it("18: refuses a token whose kind was exchanged, with the checksum mended, before it asks anybody", async () => {
    const { edge, touched } = untouched();
    const { crc32 } = await import("node:zlib");
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const mended = (text: string) => {
      let [sum, rest] = ["", crc32(text)];
      while (sum.length < 6) [sum, rest] = [digits.charAt(rest % 62) + sum, Math.floor(rest / 62)];
      return text + sum;
    };
    const session = mintToken("session", settingsOf(env).tagKeys);
    // the mending itself is right
    expect(mended(session.slice(0, -6))).toBe(session);
    for (const prefix of ["xaat", "xait", "xapt"])
      expect(await sent("/v1/ingest/web", mended(prefix + session.slice(4, -6)), edge)).toEqual([401, "credential-malformed"]);
    expect(touched).toEqual([]);
  });

  it("19: refuses tokens of Axiom's form before it asks anybody, unless the deployment imports them", async () => {
    for (const setting of [undefined, "", "false"]) {
      const { edge, touched } = untouched(setting === undefined ? {} : { IMPORTED_TOKENS: setting });
      expect(await sent("/v1/ingest/web", AXIOMS, edge)).toEqual([401, "credential-malformed"]);
      expect(touched).toEqual([]);
    }
    expect(() => settingsOf({ ...env, IMPORTED_TOKENS: "yes" })).toThrow("IMPORTED_TOKENS");
  });

  it("19: takes one that was imported, of the kinds that are nobody's own", async () => {
    const { id, datasets } = await organisation({ web: HERE });
    await env.PERMISSIONS.put(
      organisationKey(id),
      JSON.stringify(organisationMap({ id, status: "active", datasets, regions: { [HERE]: "https://us.example" }, ver: 1 })),
    );
    const edge = { ...env, IMPORTED_TOKENS: "true" };
    const uuid = crypto.randomUUID();
    for (const prefix of ["xait", "xaat"]) {
      const set = { id: prefix, org: id, status: "active", expiresAt: null, datasets: { "*": ["ingest:create"] }, ver: 1 } as const;
      await env.PERMISSIONS.put(
        permissionKey(digestOf(`${prefix}-${uuid}`)),
        JSON.stringify(permissionSet({ ...set, datasets: { "*": ["ingest:create"] } })),
      );
      expect(await sent("/v1/ingest/web", `${prefix}-${uuid}`, edge)).toEqual([200, ""]);
    }
    for (const prefix of ["xapt", "xast"])
      expect(await sent("/v1/ingest/web", `${prefix}-${uuid}`, edge)).toEqual([401, "credential-malformed"]);
    // where somebody is asked, an unknown one is told from a broken one
    expect(await sent("/v1/ingest/web", AXIOMS, edge)).toEqual([401, "token-unknown"]);
    // and the setting takes nothing away
    expect((await post("/v1/ingest/web", "[{}]", { token: await made({ id, datasets }, { web: ["ingest:create"] }) })).status).toBe(200);
  });
});
