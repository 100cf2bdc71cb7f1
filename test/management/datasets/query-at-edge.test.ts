import { describe, expect, it } from "vitest";
import { type Answer, call, type Deployment, dataset, deployment, EU, env, reasonOf, succeeded, token } from "../client.ts";

const NDJSON = { headers: { "content-type": "application/x-ndjson" } };
const APL = ["/v1/query/_apl?format=tabular", "/v1/datasets/_apl?format=tabular", "/api/v1/datasets/_apl?format=tabular"];

/** `us` in the organisation's own region, `eu` in the other one, an event in each. */
async function withTwo(): Promise<Deployment> {
  const made = await deployment();
  await dataset(made, "us");
  await dataset(made, "eu", { edgeDeployment: EU });
  for (const name of ["us", "eu"]) succeeded(await call("POST", `/v1/ingest/${name}`, made.owner, `{"from":"${name}"}`, NDJSON));
  return made;
}

const ask = (made: Deployment, apl: string, path = APL[0] as string, credential = made.owner) => call("POST", path, credential, { apl });

/** The values of the column `from`. */
function from({ body }: { body: Answer }): unknown {
  const [table] = body["tables"] as { fields: { name: string }[]; columns: unknown[][] }[];
  return table?.columns[table.fields.findIndex(({ name }) => name === "from")];
}

async function inTeamOf(made: Deployment, name: string): Promise<void> {
  await env.DB.batch([
    env.DB.prepare("UPDATE members SET role = 'user'"),
    env.DB.prepare("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('t', ?, 't', '', 0, 1, '')").bind(
      made.org,
    ),
    env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES ('t', ?, 0, 0)").bind(made.user.id),
    env.DB.prepare("INSERT INTO team_datasets SELECT 't', id FROM datasets WHERE name = ?").bind(name),
  ]);
}

describe("queries at management's address", () => {
  it.each(APL)("find their dataset in whichever region it is, at %s", async (path) => {
    const made = await withTwo();
    for (const name of ["us", "eu"]) expect(from(await ask(made, `['${name}']`, path))).toEqual([name]);
  });

  it.each(["/v1/datasets/eu/query", "/api/v1/datasets/eu/query"])("may be sent as JSON to %s", async (path) => {
    const made = await withTwo();
    const now = Date.now();
    const query = { startTime: new Date(now - 60_000).toISOString(), endTime: new Date(now + 60_000).toISOString(), resolution: "auto" };
    const { matches } = succeeded(await call("POST", path, made.owner, query));
    expect(matches).toMatchObject([{ data: { from: "eu" } }]);
  });

  it("are taken of a session and of API tokens, which read what they hold", async () => {
    const made = await withTwo();
    expect(from(await ask(made, "us", APL[0], made.session))).toEqual(["us"]);
    const reader = await token(made, { datasetCapabilities: { eu: { query: ["read"] } } });
    expect(from(await ask(made, "eu", APL[0], reader))).toEqual(["eu"]);
    // as everywhere at management, what a token holds nothing on is not there for it
    expect(reasonOf(await ask(made, "us", APL[0], reader))).toBe("dataset-unknown");
    const sender = await token(made, { datasetCapabilities: { "*": { ingest: ["create"] } } });
    expect(reasonOf(await ask(made, "us", APL[0], sender))).toBe("forbidden");
  });

  it("span no regions, whichever is asked first", async () => {
    const made = await withTwo();
    for (const apl of ["union us, eu", "union eu, us"]) expect(reasonOf(await ask(made, apl))).toBe("wrong-region");
  });

  it("36 know only the datasets of a member's teams, wherever the text names one", async () => {
    const made = await withTwo();
    await inTeamOf(made, "eu");
    expect(from(await ask(made, "eu"))).toEqual(["eu"]);
    for (const apl of ["us", "union eu, us", "eu | join (us) on from", "eu | where from in ((us | project from))"]) {
      const [hidden, absent] = [await ask(made, apl), await ask(made, apl.replaceAll("us", "xx"))];
      expect(hidden.status).not.toBe(200);
      expect(JSON.stringify(hidden.body)).toBe(JSON.stringify(absent.body).replaceAll("xx", "us"));
    }
  });

  it("say what is wrong with a query, and take no body that is too large", async () => {
    const made = await withTwo();
    expect((await ask(made, "us | frobnicate")).status).toBe(400);
    expect(reasonOf(await ask(made, "absent"))).toBe("dataset-unknown");
    expect(reasonOf(await ask(made, "a".repeat(1_048_577)))).toBe("body-too-large");
  });
});
