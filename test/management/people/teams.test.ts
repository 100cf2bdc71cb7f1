import { describe, expect, it } from "vitest";
import {
  type Answer,
  auditRows,
  type Credential,
  call,
  dataset,
  deployment,
  env,
  MAY_ALL,
  type Reply,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { giveRole, group, type Member, member, role, seenBy, type TeamAnswer, team } from "./member.ts";

const TEAMS = "/v2/teams";
const V1 = "/api/v1/teams";
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const ADDED = { name: "Bob", id: "bob" };

describeResource({
  name: "teams",
  kind: "personal",
  routes: [
    { method: "GET", path: TEAMS, capability: null },
    { method: "POST", path: TEAMS, capability: null, body: { name: "another" }, action: "team.create" },
    { method: "GET", path: `${TEAMS}/:id`, capability: null },
    { method: "PUT", path: `${TEAMS}/:id`, capability: null, body: { name: "new" }, action: "team.update" },
    { method: "DELETE", path: `${TEAMS}/:id`, capability: null, action: "team.delete" },
    { method: "GET", path: `${TEAMS}/:id/candidates?q=e`, capability: null },
    { method: "POST", path: `${TEAMS}/:id/members`, capability: null, body: { email: "eve@acme.example" }, action: "team.members" },
    { method: "DELETE", path: `${TEAMS}/:id/members/${ADDED.id}`, capability: null, action: "team.members" },
    { method: "POST", path: `${TEAMS}/:id/datasets/api`, capability: null, action: "team.datasets" },
    { method: "DELETE", path: `${TEAMS}/:id/datasets/web`, capability: null, action: "team.datasets" },
  ],
  make: async (made) => {
    for (const name of ["web", "api"]) await dataset(made, name);
    await member(made, "user", "Eve");
    return (await team(made, "web", [await member(made, "user", ADDED.name, ADDED.id)], ["web"])).id;
  },
});

describeResource({
  name: "teams of v1",
  kind: "personal",
  routes: [
    { method: "GET", path: V1, capability: null },
    { method: "POST", path: V1, capability: null, body: { name: "another", datasets: ["web"] }, action: "team.create" },
    { method: "GET", path: `${V1}/:id`, capability: null },
    { method: "PUT", path: `${V1}/:id`, capability: null, body: { name: "new", members: [] }, action: "team.update" },
    { method: "DELETE", path: `${V1}/:id`, capability: null, action: "team.delete" },
  ],
  make: async (made) => {
    await dataset(made, "web");
    return (await team(made, "web", [], [])).id;
  },
});

describeResource({
  name: "people who left their last team",
  kind: "personal",
  routes: [
    { method: "GET", path: `${TEAMS}/leavers`, capability: null },
    { method: "DELETE", path: `${TEAMS}/leavers/:id`, capability: null, action: "user.free" },
  ],
  make: async (made) => {
    const bob = await member(made, "user");
    const { id } = await team(made, "web", [bob], []);
    expect((await leave(id, bob, bob)).status).toBe(204);
    return bob.id;
  },
});

const add = (id: string, body: unknown, by: Credential) => call<TeamAnswer>("POST", `${TEAMS}/${id}/members`, by, body);
const leave = (id: string, { id: user }: Member, by: Credential) => call("DELETE", `${TEAMS}/${id}/members/${user}`, by);
const grant = (id: string, name: string, by: Credential) => call<TeamAnswer>("POST", `${TEAMS}/${id}/datasets/${name}`, by);

/** A team of Bob, who owns it, and Eve, with the dataset `web`, beside the dataset `secret`; Dan and Ann are in no team. */
async function world() {
  const made = await deployment();
  for (const name of ["web", "secret"]) await dataset(made, name);
  const [ann, bob, eve, dan] = [
    await member(made, "admin", "Ann"),
    await member(made, "user"),
    await member(made, "read-only", "Eve"),
    await member(made, "user", "Dan"),
  ];
  return { made, ann, bob, eve, dan, web: await team(made, "web", [bob, eve], ["web"]) };
}

describe("a team", () => {
  it("is what was asked for, alone and in the list", async () => {
    const { made, bob, eve, web } = await world();
    const people = [
      { id: bob.id, name: "Bob", email: bob.email, owner: true },
      { id: eve.id, name: "Eve", email: eve.email, owner: false },
    ];
    expect(web).toEqual({ id: expect.any(String), name: "web", description: "", members: people, datasets: ["web"] });
    for (const who of [made.owner, made.session, bob, eve]) {
      expect(succeeded(await call("GET", TEAMS, who))).toEqual([web]);
      expect(succeeded(await call("GET", `${TEAMS}/${web.id}`, who))).toEqual(web);
      const first = { id: web.id, name: "web", members: [bob.id, eve.id], datasets: ["web"] };
      expect(succeeded(await call("GET", V1, who))).toEqual([first]);
      expect(succeeded(await call("GET", `${V1}/${web.id}`, who))).toEqual(first);
    }
  });

  it("is changed as a whole at v1, where owners stay owners", async () => {
    const { made, bob, dan, web } = await world();
    const put = (body: unknown) => call("PUT", `${V1}/${web.id}`, made.owner, body);
    const changed = succeeded(await put({ name: "all", members: [bob.id, dan.id], datasets: ["web", "secret"] }));
    expect(changed).toEqual({ id: web.id, name: "all", members: [bob.id, dan.id], datasets: ["secret", "web"] });
    expect(succeeded(await call<TeamAnswer>("GET", `${TEAMS}/${web.id}`, made.owner)).members).toMatchObject([
      { name: "Bob", owner: true },
      { name: "Dan", owner: false },
    ]);
    expect(succeeded(await put({ datasets: [] }))).toMatchObject({ name: "all", members: [bob.id, dan.id], datasets: [] });
  });

  it("takes no API token, which belongs to nobody", async () => {
    const { made, web } = await world();
    const api = await token(made, MAY_ALL);
    for (const [method, path] of [
      ["GET", TEAMS],
      ["POST", TEAMS],
      ["DELETE", `${TEAMS}/${web.id}`],
      ["GET", `${TEAMS}/leavers`],
    ] as const)
      expect(refusal(await call(method, path, api))).toEqual([403, "token-kind"]);
  });

  it("gains members by id or e-mail address, and owners", async () => {
    const { made, bob, eve, dan, web } = await world();
    expect(succeeded(await add(web.id, { email: "DAN@acme.example" }, bob)).members).toMatchObject([{}, { id: dan.id, owner: false }, {}]);
    expect(succeeded(await add(web.id, { user: eve.id, owner: true }, bob)).members.at(-1)).toMatchObject({ id: eve.id, owner: true });
    expect(succeeded(await add(web.id, { user: eve.id }, made.owner)).members.at(-1)).toMatchObject({ owner: true });
    expect(succeeded(await add(web.id, { user: bob.id, owner: false }, eve)).members[0]).toMatchObject({ id: bob.id, owner: false });
    expect(refusal(await add(web.id, { user: dan.id, owner: true }, bob))).toEqual([403, "forbidden"]);
  });

  it.each<[string, unknown, [number, string]]>([
    ["nobody", {}, [400, "body-invalid"]],
    ["two ways at once", { user: "x", email: "y" }, [400, "body-invalid"]],
    ["somebody unknown", { user: "nobody" }, [404, "resource-unknown"]],
    ["an address unknown", { email: "nobody@acme.example" }, [404, "resource-unknown"]],
  ])("refuses as a member %s", async (_, body, expected) => {
    const { bob, web } = await world();
    expect(refusal(await add(web.id, body, bob))).toEqual(expected);
  });

  it("is made and ended by administrators only", async () => {
    const { ann, bob, web } = await world();
    for (const path of [TEAMS, V1]) {
      expect(refusal(await call("POST", path, bob, { name: "mine" }))).toEqual([403, "forbidden"]);
      expect(refusal(await call("DELETE", `${path}/${web.id}`, bob))).toEqual([403, "forbidden"]);
    }
    expect((await call("DELETE", `${TEAMS}/${web.id}`, ann)).status).toBe(204);
    expect((await call("GET", `${TEAMS}/${web.id}`, ann)).status).toBe(404);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM team_members").first("n")).toBe(0);
    // in no team, a user sees what the role allows
    expect(await seenBy(bob)).toEqual(["secret", "web"]);
  });

  it("is kept by its owners: name, members, datasets", async () => {
    const { bob, eve, dan, web } = await world();
    const path = `${TEAMS}/${web.id}`;
    for (const [method, where, body] of [
      ["PUT", path, { name: "new" }],
      ["PUT", `${V1}/${web.id}`, { datasets: ["web"] }],
      ["POST", `${path}/members`, { user: dan.id }],
      ["POST", `${path}/datasets/web`],
      ["DELETE", `${path}/datasets/web`],
    ] as const) {
      expect(refusal(await call(method, where, eve, body))).toEqual([403, "forbidden"]);
      expect((await call(method, where, bob, body)).status).toBeLessThan(300);
    }
    expect(succeeded(await call("GET", path, eve))).toMatchObject({ name: "new", datasets: [] });
    // what a team no longer has, its owner no longer sees
    expect(refusal(await grant(web.id, "web", bob))).toEqual([404, "dataset-unknown"]);
  });

  it("shows those who can be added, whoever of its owners searches", async () => {
    const { made, ann, bob, eve, web } = await world();
    const [dana] = [await member(made, "read-only", "Dana"), await member(made, "none", "Danny"), await member(made, "admin", "Dante")];
    const off = await member(made, "user", "Daniel");
    await env.DB.prepare("UPDATE users SET status = 'disabled' WHERE id = ?").bind(off.id).run();
    const search = (q: string, by: Credential) => call<Answer[]>("GET", `${TEAMS}/${web.id}/candidates?q=${encodeURIComponent(q)}`, by);
    for (const by of [bob, ann]) {
      expect(succeeded(await search("dA", by)).map(({ name }) => name)).toEqual(["Dan", "Dana"]);
      expect(succeeded(await search("dana@ACME", by))).toEqual([{ id: dana.id, name: "Dana", email: dana.email }]);
      expect(succeeded(await search("%", by))).toEqual([]);
      expect(succeeded(await search("eve", by))).toEqual([]);
    }
    expect((await search("da", eve)).status).toBe(403);
    expect((await search("x".repeat(201), bob)).status).toBe(400);
    await Promise.all(Array.from({ length: 25 }, (_, n) => member(made, "user", `Many${n}`)));
    expect(succeeded(await search("", bob))).toHaveLength(20);
  });

  it("forgets datasets that were deleted, and does not take up others of their names", async () => {
    const { made, bob, web } = await world();
    await call("DELETE", "/v2/datasets/web", made.owner);
    expect(succeeded(await call("GET", `${TEAMS}/${web.id}`, bob))).toMatchObject({ datasets: [] });
    await dataset(made, "web");
    expect(succeeded(await call("GET", `${V1}/${web.id}`, bob))).toMatchObject({ datasets: [] });
    expect(await seenBy(bob)).toEqual([]);
  });

  it("exists once under a name", async () => {
    const { made, bob, web } = await world();
    expect(refusal(await call("POST", TEAMS, made.owner, { name: "web" }))).toEqual([409, "entity-exists"]);
    await team(made, "other", [], []);
    expect(refusal(await call("PUT", `${TEAMS}/${web.id}`, bob, { name: "other" }))).toEqual([409, "entity-exists"]);
    const race = await Promise.all([1, 2, 3].map(() => call("POST", TEAMS, made.owner, { name: "new" })));
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it("loses nothing when two change it at once", async () => {
    const { made, bob, dan, web } = await world();
    const fred = await member(made, "user", "Fred");
    const race = await Promise.all([add(web.id, { user: dan.id }, bob), add(web.id, { user: fred.id }, made.owner)]);
    const { members } = succeeded(await call<TeamAnswer>("GET", `${TEAMS}/${web.id}`, bob));
    expect(members).toHaveLength(2 + race.filter(({ status }) => status === 200).length);
    expect(race.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).toEqual([]);
  });

  it("is not there for another organisation, nor takes its people and datasets", async () => {
    const { made, bob, web } = await world();
    const others = await secondOrganisation(made);
    const elsewhere = succeeded(await call<TeamAnswer>("POST", TEAMS, others, { name: "web" }));
    expect(succeeded(await call("GET", TEAMS, others))).toEqual([elsewhere]);
    for (const [method, path, body] of [
      ["GET", ""],
      ["PUT", "", { name: "x" }],
      ["DELETE", ""],
      ["POST", "/members", { user: bob.id }],
      ["GET", "/candidates"],
    ] as const)
      expect((await call(method, `${TEAMS}/${web.id}${path}`, others, body)).status).toBe(404);
    expect((await add(elsewhere.id, { user: bob.id }, others)).status).toBe(404);
    expect((await grant(elsewhere.id, "web", others)).status).toBe(404);
  });

  it("tells the audit log what changed, by whom", async () => {
    const { bob, dan, web } = await world();
    succeeded(await add(web.id, { user: dan.id }, bob));
    expect((await auditRows()).at(-1)).toMatchObject({ action: "team.members", target: web.id, actor_id: bob.id });
    expect(JSON.parse(String((await auditRows()).at(-1)?.detail))).toEqual({ before: {}, after: { members: [dan.id] } });
    succeeded(await add(web.id, { user: dan.id, owner: true }, bob));
    const after = { members: [`${dan.id} (owner)`] };
    expect(JSON.parse(String((await auditRows()).at(-1)?.detail))).toEqual({ before: { members: [dan.id] }, after });
  });
});

describe("49 a team", () => {
  it("gets no dataset that its owner does not see", async () => {
    const { bob, web } = await world();
    const [hidden, nowhere] = [await grant(web.id, "secret", bob), await grant(web.id, "sicret", bob)];
    expect(refusal(hidden)).toEqual([404, "dataset-unknown"]);
    expect(JSON.stringify(hidden.body)).toBe(JSON.stringify(nowhere.body).replaceAll("sicret", "secret"));
  });

  it("that somebody leaves gives them no more to see, until an administrator says so", async () => {
    const { ann, bob, eve, web } = await world();
    expect((await leave(web.id, bob, bob)).status).toBe(204);
    expect(await seenBy(bob)).toEqual([]);
    expect(refusal(await call("GET", "/v2/datasets/web", bob))).toEqual([404, "dataset-unknown"]);
    // nor do the owners of a team set each other free
    expect((await leave(web.id, eve, ann)).status).toBe(204);
    expect(await seenBy(eve)).toEqual(["secret", "web"]);

    const left = succeeded(await call<Answer[]>("GET", `${TEAMS}/leavers`, ann));
    expect(left).toEqual([{ id: bob.id, name: "Bob", email: bob.email, leftAt: expect.stringMatching(/Z$/) }]);
    expect(refusal(await call("DELETE", `${TEAMS}/leavers/${bob.id}`, bob))).toEqual([403, "forbidden"]);
    expect((await call("DELETE", `${TEAMS}/leavers/${bob.id}`, ann)).status).toBe(204);
    expect(await seenBy(bob)).toEqual(["secret", "web"]);
    expect(succeeded(await call("GET", `${TEAMS}/leavers`, ann))).toEqual([]);
  });

  it("that an owner of it takes somebody out of gives them no more to see", async () => {
    const { bob, eve, web } = await world();
    expect((await leave(web.id, eve, bob)).status).toBe(204);
    expect(await seenBy(eve)).toEqual([]);
    // back in the team, and out of it by way of the first API
    succeeded(await add(web.id, { user: eve.id }, bob));
    expect(await seenBy(eve)).toEqual(["web"]);
    succeeded(await call("PUT", `${V1}/${web.id}`, bob, { members: [bob.id] }));
    expect(await seenBy(eve)).toEqual([]);
  });

  it("that is left for another leaves the other's datasets", async () => {
    const { made, bob, web } = await world();
    await team(made, "secret", [bob], ["secret"]);
    expect(await seenBy(bob)).toEqual(["secret", "web"]);
    expect((await leave(web.id, bob, bob)).status).toBe(204);
    expect(await seenBy(bob)).toEqual(["secret"]);
    expect(succeeded(await call("GET", `${TEAMS}/leavers`, made.owner))).toEqual([]);
  });

  it("that takes up somebody who left ends their standing as a leaver only by an administrator", async () => {
    const { ann, bob, eve, web } = await world();
    expect((await leave(web.id, eve, eve)).status).toBe(204);
    succeeded(await add(web.id, { user: eve.id }, bob));
    expect((await call("DELETE", `${TEAMS}/${web.id}`, ann)).status).toBe(204);
    expect(await seenBy(eve)).toEqual([]);
    const again = succeeded(await call<TeamAnswer>("POST", TEAMS, ann, { name: "again" }));
    succeeded(await add(again.id, { user: eve.id }, ann));
    expect((await call("DELETE", `${TEAMS}/${again.id}`, ann)).status).toBe(204);
    expect(await seenBy(eve)).toEqual(["secret", "web"]);
  });
});

describe("52 a team's members are users and read-only users", () => {
  it.each([
    ["owner", "Owner"],
    ["admin", "Admin"],
    ["none", "None"],
  ])("and nobody else: %s", async (role, called) => {
    const { made, bob, web } = await world();
    const zoe = await member(made, role, "Zoe");
    for (const reply of [
      await add(web.id, { user: zoe.id }, made.owner),
      await add(web.id, { email: zoe.email }, bob),
      await call("PUT", `${V1}/${web.id}`, made.owner, { members: [zoe.id] }),
      await call("POST", TEAMS, made.owner, { name: "x", members: [{ user: zoe.id }] }),
      await call("POST", V1, made.owner, { name: "x", members: [zoe.id] }),
    ]) {
      expect(refusal(reply)).toEqual([409, "conflict"]);
      expect(reply.body.message).toContain(`Zoe is ${called}`);
      expect(reply.body.message).toContain("Owners and Admins see everything");
    }
  });

  it.each(["owner", "admin"])("so that one who becomes %s is in none, and stays so afterwards", async (role) => {
    const { made, bob, web } = await world();
    await giveRole(bob, role);
    expect(await seenBy(bob)).toEqual(["secret", "web"]);
    expect(succeeded(await call<TeamAnswer>("GET", `${TEAMS}/${web.id}`, made.owner)).members).toMatchObject([{ name: "Eve" }]);
    await giveRole(bob, "user");
    expect((await call("GET", `${TEAMS}/${web.id}`, bob)).status).toBe(404);
  });

  it("but a role without datasets opens none that the team has", async () => {
    const { bob } = await world();
    await giveRole(bob, "none");
    expect(await seenBy(bob)).toEqual([]);
    expect(refusal(await call("GET", "/v2/datasets/web", bob))).toEqual([404, "dataset-unknown"]);
  });
});

describe("53 an owner of a team", () => {
  it("adds a dataset that another team of theirs sees, and takes it away", async () => {
    const { made, bob, eve, web } = await world();
    expect((await grant(web.id, "secret", bob)).status).toBe(404);
    await team(made, "secret", [bob], ["secret"]);
    expect(succeeded(await grant(web.id, "secret", bob)).datasets).toEqual(["secret", "web"]);
    expect(await seenBy(eve)).toEqual(["secret", "web"]);
    expect((await call("DELETE", `${TEAMS}/${web.id}/datasets/secret`, bob)).status).toBe(204);
    expect(await seenBy(eve)).toEqual(["web"]);
    expect(refusal(await call("DELETE", `${TEAMS}/${web.id}/datasets/secret`, bob))).toEqual([404, "resource-unknown"]);
  });

  it("adds none by way of a whole team either", async () => {
    const { bob, web } = await world();
    for (const path of [TEAMS, V1]) {
      const [hidden, nowhere] = await Promise.all(
        ["secret", "sicret"].map((name) => call("PUT", `${path}/${web.id}`, bob, { datasets: ["web", name] })),
      );
      expect(refusal(hidden as Reply<Answer>)).toEqual([404, "dataset-unknown"]);
      expect(JSON.stringify(hidden?.body)).toBe(JSON.stringify(nowhere?.body).replaceAll("sicret", "secret"));
    }
  });

  it("is none of it any more once taken out of it", async () => {
    const { made, bob, dan, web } = await world();
    expect((await leave(web.id, bob, made.owner)).status).toBe(204);
    expect((await add(web.id, { user: dan.id }, bob)).status).toBe(404);
  });
});

describe("54 a member of a team", () => {
  it("leaves it, whatever else is allowed", async () => {
    const { eve, web } = await world();
    await giveRole(eve, "none");
    expect((await leave(web.id, eve, eve)).status).toBe(204);
    expect((await leave(web.id, eve, eve)).status).toBe(404);
  });

  it("takes out nobody else, nor comes back alone", async () => {
    const { bob, eve, dan, web } = await world();
    expect(refusal(await leave(web.id, bob, eve))).toEqual([403, "forbidden"]);
    expect(refusal(await leave(web.id, dan, eve))).toEqual([403, "forbidden"]);
    expect(refusal(await call("PUT", `${V1}/${web.id}`, eve, { members: [bob.id] }))).toEqual([403, "forbidden"]);
    expect((await leave(web.id, eve, eve)).status).toBe(204);
    expect((await add(web.id, { user: eve.id }, eve)).status).toBe(404);
  });

  it("is taken out by an owner of the team or an administrator", async () => {
    const { ann, bob, eve, dan, web } = await world();
    expect((await leave(web.id, eve, dan)).status).toBe(404);
    expect((await leave(web.id, eve, bob)).status).toBe(204);
    expect((await leave(web.id, bob, ann)).status).toBe(204);
    expect(refusal(await leave(web.id, bob, ann))).toEqual([404, "resource-unknown"]);
  });
});

describe("55 what somebody may not see", () => {
  it("is no team of theirs: not in the list, and nothing tells it from one that does not exist", async () => {
    const { made, bob, dan, web } = await world();
    const other = await team(made, "other", [dan], ["secret"]);
    const { id: makers } = await role(made, "makers", { orgCapabilities: { rbac: ["create", "read", "update", "delete"] } });
    await group(made, "makers", [makers], [bob]);
    expect(succeeded(await call("GET", TEAMS, bob))).toMatchObject([{ id: web.id }]);
    expect(succeeded(await call("GET", V1, bob))).toHaveLength(1);
    for (const [method, path, body] of [
      ["GET", `${TEAMS}/ID`],
      ["GET", `${V1}/ID`],
      ["PUT", `${TEAMS}/ID`, { name: "x" }],
      ["PUT", `${V1}/ID`, { name: "x" }],
      ["GET", `${TEAMS}/ID/candidates?q=d`],
      ["POST", `${TEAMS}/ID/members`, { user: bob.id, owner: true }],
      ["DELETE", `${TEAMS}/ID/members/${dan.id}`],
      ["DELETE", `${TEAMS}/ID/members/${bob.id}`],
      ["POST", `${TEAMS}/ID/datasets/web`],
      ["DELETE", `${TEAMS}/ID/datasets/web`],
    ] as const) {
      const of = (id: string) => call(method, path.replace("ID", id), bob, body);
      const [there, nowhere] = [await of(other.id), await of("no-such-team")];
      expect([path, ...refusal(there)]).toEqual([path, 404, "resource-unknown"]);
      expect(JSON.stringify(there.body)).toBe(JSON.stringify(nowhere.body).replaceAll("no-such-team", other.id));
    }
  });
});
