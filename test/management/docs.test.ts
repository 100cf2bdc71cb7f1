import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { readPermissionSet, standing } from "../../src/access/permission-set.ts";
import worker from "../../src/management/worker.ts";
import { env } from "./client.ts";

const get = async (path: string) => {
  const response = await worker.fetch(new Request(`https://management.example${path}`), env, createExecutionContext());
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
};

describe("the pages", () => {
  it("are served as they stand, and listed", async () => {
    const { status, type, text } = await get("/docs");
    expect([status, type]).toEqual([200, "text/markdown; charset=utf-8"]);
    const links = [...text.matchAll(/\((\/docs\/[\w-]+)\)/g)].map(([, link]) => link as string);
    expect(links).toEqual(["/docs/api", "/docs/credentials", "/docs/queries", "/docs/revocation", "/docs/threat-model"]);
    for (const link of links) expect(await get(link)).toMatchObject({ status: 200, text: expect.stringMatching(/^# \w/) });
    expect((await get("/docs/none")).status).toBe(404);
    expect((await get("/docs/constructor")).status).toBe(404);
  });

  it("hold an emergency command that an edge understands", async () => {
    const { text } = await get("/docs/revocation");
    const [, json = ""] = /'(\{"v":.*?\})'/.exec(text) ?? [];
    const set = readPermissionSet(JSON.parse(json));
    expect(set && standing(set, 0)).toBe("token-revoked");
  });
});
