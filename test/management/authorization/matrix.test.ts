/**
 * Every route × credential × role × team × organisation × dataset, judged by the source's own table and guards over a real database,
 * and by the oracle beside. What a route does when it is entered is left out: it answers 200.
 */
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { mintToken } from "../../../src/access/token.ts";
import { openApp } from "../../../src/management/app.ts";
import { settingsOf } from "../../../src/management/env.ts";
import type { Route } from "../../../src/management/route.ts";
import { ROUTES } from "../../../src/management/routes.ts";
import { call, type Deployment, dataset, deployment, env, secondOrganisation, succeeded, token } from "../client.ts";
import { type Cell, DEMANDS, ROLES, verdict } from "./oracle.ts";

const entered = () => new Response("{}");
const app = openApp(ROUTES.map((route) => ({ ...route, run: entered }) as Route));

interface World extends Deployment {
  secrets: Record<string, string>;
  /** API tokens by what they hold: everything, everything but the demand's capability, nothing of the organisation. */
  api: Record<string, { token: string; held: Cell["held"] }>;
}

const wire = (capabilities: string[]) => {
  const members: Record<string, string[]> = {};
  for (const capability of capabilities) {
    const [resource = "", action = ""] = capability.split(":");
    members[resource] = [...(members[resource] ?? []), action];
  }
  return members;
};

async function world(): Promise<World> {
  const made = await deployment();
  await dataset(made, "web");
  await dataset(made, "other");
  await secondOrganisation(made, "of-others");
  await env.DB.prepare("DELETE FROM members WHERE org = 'of-others'").run();
  const custom = ROLES["custom"] as Cell["held"];
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES ('custom', ?, 'c', '', ?, 0, 1, '')",
    ).bind(made.org, JSON.stringify({ datasets: { "*": custom.datasets }, org: custom.org, views: {} })),
    env.DB.prepare(
      "INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('with', ?, 'a', '', 0, 1, ''), ('without', ?, 'b', '', 0, 1, '')",
    ).bind(made.org, made.org),
    env.DB.prepare("INSERT INTO team_datasets SELECT 'with', id FROM datasets WHERE name = 'web'"),
    env.DB.prepare("INSERT INTO team_datasets SELECT 'without', id FROM datasets WHERE name = 'other'"),
  ]);
  const all = ROLES["owner"] as Cell["held"];
  const api: World["api"] = {};
  const hold = async (name: string, held: Cell["held"]) => {
    const request = { orgCapabilities: wire(held.org), datasetCapabilities: held.datasets.length > 0 ? { "*": wire(held.datasets) } : {} };
    api[name] = { token: (await token(made, request)).token, held };
  };
  await hold("all", all);
  await hold("ingest", { org: [], datasets: ["ingest:create"] });
  await hold("organisation", { org: ["users:read"], datasets: [] });
  for (const capability of new Set(DEMANDS.flatMap(({ org }) => org ?? [])))
    await hold(capability, { org: all.org.filter((one) => one !== capability), datasets: all.datasets });
  const tagKeys = settingsOf(env).tagKeys;
  const secrets = {
    P: made.owner.token,
    S: made.session.token,
    I: mintToken("ingest", tagKeys),
    "?": mintToken("personal", tagKeys),
    "-": "",
  };
  return { ...made, secrets, api };
}

async function ask(cell: Cell, { secrets, org }: World, secret: string): Promise<{ status: number; text: string }> {
  const [method = "", path = ""] = cell.demand.route.split(" ");
  const real = path.replace(":dataset", cell.dataset === "there" ? "web" : "wob").replaceAll(/:\w+/g, "x-1");
  const headers: Record<string, string> = {};
  if (cell.kind !== "-") headers["authorization"] = `Bearer ${secret || secrets[cell.kind]}`;
  const named = { own: org, suspended: org, foreign: "of-others", unnamed: "" }[cell.org];
  if (named) headers["x-axiom-org-id"] = named;
  const response = await app.fetch(new Request(`https://management.example${real}`, { method, headers }), env, createExecutionContext());
  return { status: response.status, text: await response.text() };
}

/** The wrong ones only, so that a failure is read at once. */
async function judge(cells: { cell: Cell; secret: string }[], made: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const { cell, secret } of cells) {
    const { status } = await ask(cell, made, secret);
    const expected = verdict(cell);
    const { demand, held: _, ...rest } = cell;
    if (status !== expected) wrong.push(`${demand.route} ${JSON.stringify(rest)}: ${status}, not ${expected}`);
  }
  counted += cells.length;
  return wrong;
}

let counted = 0;
const NOTHING = { org: [], datasets: [] };
const PLAIN: Omit<Cell, "demand" | "kind"> = {
  role: "owner",
  held: NOTHING,
  team: "none",
  org: "own",
  dataset: "there",
  signedIn: "just now",
};
/** Of what is forwarded, one path for each resource and action; the others are the same rows under other paths. */
const DIFFERENT = DEMANDS.filter(
  ({ route }) => !/:part$|^\w+ \/api\/v1\/(dashboards|monitors|notifiers)|^P\w+ \/v2\/\w+\/:id$/.test(route),
);
const places = ({ dataset: needed }: Cell["demand"]): Cell["dataset"][] => (needed ? ["there", "absent"] : ["there"]);

describe("the authorization matrix", () => {
  it("has a row for every route there is, and no other", () => {
    const known = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(known.toSorted()).toEqual(DEMANDS.map(({ route }) => route).toSorted());
    expect(new Set(known).size).toBe(known.length);
  });

  it.each(Object.keys(ROLES))(
    "lets the role %s do what the table says, by personal token and session, in every team",
    { timeout: 120_000 },
    async (role) => {
      const made = await world();
      await env.DB.prepare("UPDATE members SET role = ?").bind(role).run();
      const wrong: string[] = [];
      for (const team of ["none", "with", "without"] as const) {
        await env.DB.prepare("DELETE FROM team_members").run();
        if (team !== "none") await env.DB.prepare("INSERT INTO team_members VALUES (?, ?, 0, 0)").bind(team, made.user.id).run();
        const cells = DIFFERENT.flatMap((demand) =>
          ["S", "P"].flatMap((kind) =>
            places(demand).map((place) => ({ cell: { ...PLAIN, demand, kind, role, team, dataset: place }, secret: "" })),
          ),
        );
        wrong.push(...(await judge(cells, made)));
      }
      expect(wrong).toEqual([]);
    },
  );

  it("39 takes no credential but those the table names, in no organisation but their own", { timeout: 120_000 }, async () => {
    const made = await world();
    const cells = DEMANDS.flatMap((demand) => [
      ...["-", "?", "I"].map((kind) => ({ ...PLAIN, demand, kind })),
      ...["S", "P", "A"].flatMap((kind) =>
        (["own", "foreign", "unnamed"] as const).map((org) => ({ ...PLAIN, demand, kind, org, held: ROLES["owner"] as Cell["held"] })),
      ),
    ]);
    const secretOf = (cell: Cell) => (cell.kind === "A" ? (made.api["all"]?.token ?? "") : "");
    expect(
      await judge(
        cells.map((cell) => ({ cell, secret: secretOf(cell) })),
        made,
      ),
    ).toEqual([]);
  });

  it("34 does nothing in a suspended organisation", { timeout: 120_000 }, async () => {
    const made = await world();
    await env.DB.prepare("UPDATE orgs SET status = 'suspended'").run();
    const cells = DEMANDS.flatMap((demand) =>
      ["S", "P", "A"].map((kind): Cell => ({ ...PLAIN, demand, kind, org: "suspended", held: ROLES["owner"] as Cell["held"] })),
    );
    expect(
      await judge(
        cells.map((cell) => ({ cell, secret: cell.kind === "A" ? (made.api["all"]?.token ?? "") : "" })),
        made,
      ),
    ).toEqual([]);
  });

  it("asks for a recent sign-in where the table says so", { timeout: 120_000 }, async () => {
    const made = await world();
    await env.DB.prepare("UPDATE sessions SET authenticated_at = authenticated_at - 901000").run();
    const cells = DEMANDS.flatMap((demand) => ["S", "P"].map((kind): Cell => ({ ...PLAIN, demand, kind, signedIn: "long ago" })));
    expect(
      await judge(
        cells.map((cell) => ({ cell, secret: "" })),
        made,
      ),
    ).toEqual([]);
  });

  it("40 lets an API token do what it holds and nothing else", { timeout: 240_000 }, async () => {
    const made = await world();
    const wrong: string[] = [];
    for (const [name, { token: secret, held }] of Object.entries(made.api)) {
      const asked = name.includes(":") ? DEMANDS.filter(({ org }) => org === name) : DEMANDS;
      const cells = asked.flatMap((demand) => places(demand).map((place): Cell => ({ ...PLAIN, demand, kind: "A", held, dataset: place })));
      wrong.push(
        ...(await judge(
          cells.map((cell) => ({ cell, secret })),
          made,
        )),
      );
    }
    expect(wrong).toEqual([]);
  });

  it("36 answers for an invisible dataset as for one that does not exist, to the byte", async () => {
    const made = await world();
    await env.DB.prepare("UPDATE members SET role = 'user'").run();
    await env.DB.prepare("INSERT INTO team_members VALUES ('without', ?, 0, 0)").bind(made.user.id).run();
    for (const demand of DEMANDS.filter(({ dataset: needed }) => needed)) {
      const cell: Cell = { ...PLAIN, demand, kind: "P", role: "user", team: "without" };
      const [invisible, absent] = [await ask(cell, made, ""), await ask({ ...cell, dataset: "absent" }, made, "")];
      expect(invisible.text).toBe(absent.text.replaceAll("wob", "web"));
    }
    expect(succeeded(await call<unknown[]>("GET", "/v2/datasets", made.owner))).toMatchObject([{ name: "other" }]);
  });

  it("has been tried in thousands of cells", () => {
    console.log(`authorization matrix: ${counted} cells`);
    expect(counted).toBeGreaterThan(6_000);
  });
});
