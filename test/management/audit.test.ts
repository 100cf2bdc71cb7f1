import { describe, expect, it } from "vitest";
import { call, dataset, deployment, reasonOf, succeeded, token } from "./client.ts";
import { describeResource } from "./describe-resource.ts";

describeResource({ name: "the audit log", routes: [{ method: "GET", path: "/v2/audit", capability: "auditLog:read" }] });

interface Page {
  entries: { id: string; action: string; target: string; actor: { kind: string; id: string }; traceId: string; detail: unknown }[];
  nextCursor: string | null;
}

describe("the audit log", () => {
  it("tells who did what, the newest first", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const maker = await token(made, { orgCapabilities: { datasets: ["create"] } });
    const byToken = await call("POST", "/v2/datasets", maker, { name: "api" });
    const { entries } = succeeded(await call<Page>("GET", "/v2/audit", made.owner));
    expect(entries.map(({ action }) => action)).toEqual(["dataset.create", "token.create", "dataset.create", "organisation.create"]);
    expect(entries[0]).toMatchObject({
      target: "api",
      actor: { kind: "token", id: maker.id, name: "test" },
      traceId: byToken.headers.get("x-axiom-trace-id"),
      detail: { region: "cloud.us-east-1.aws" },
    });
  });

  it("comes in pages that neither repeat nor skip", async () => {
    const made = await deployment();
    for (const name of ["a", "b", "c", "d"]) await dataset(made, name);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: Page = succeeded(await call<Page>("GET", `/v2/audit?limit=2&cursor=${cursor}`, made.owner));
      expect(page.entries.length).toBeLessThanOrEqual(2);
      seen.push(...page.entries.map(({ target }) => target));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(["d", "c", "b", "a", made.org]);
  });

  it.each(["limit=0", "limit=1001", "limit=x", "limit=1.5", "cursor=-1", "cursor=abc"])("refuses ?%s", async (query) => {
    const { owner } = await deployment();
    const reply = await call("GET", `/v2/audit?${query}`, owner);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "parameter-invalid"]);
  });
});
