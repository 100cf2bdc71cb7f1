import { describe, expect, it } from "vitest";
import { call, deployment, MAY_ALL, reasonOf, succeeded, token } from "../client.ts";
import { describeResource } from "../describe-resource.ts";

describeResource({
  name: "the current user",
  kind: "personal",
  routes: ["/v1/user", "/v2/user"].map((path) => ({ method: "GET", path, capability: null })),
});

describe("the current user", () => {
  it("is four members at /v2/user, no more", async () => {
    const { owner, user } = await deployment();
    expect(succeeded(await call("GET", "/v2/user", owner))).toEqual({ ...user, role: { id: "owner", name: "Owner" } });
  });

  it("is the union of what older clients read at /v1/user", async () => {
    const { owner, user } = await deployment();
    expect(succeeded(await call("GET", "/v1/user", owner))).toEqual({
      ...user,
      role: { id: "owner", name: "Owner" },
      emails: [user.email],
      permissions: expect.arrayContaining(["datasets:create"]),
    });
  });

  it("is nobody for an API token, which must not show its maker", async () => {
    const made = await deployment();
    const reply = await call("GET", "/v2/user", await token(made, MAY_ALL));
    expect([reply.status, reasonOf(reply)]).toEqual([403, "token-kind"]);
    expect(JSON.stringify(reply.body)).not.toContain(made.user.name);
  });
});
