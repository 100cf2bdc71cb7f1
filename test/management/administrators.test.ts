/** What only administrators do, by the table of the documents: each row with the routes that stand for it here, tried by everybody. */
import { describe, expect, it } from "vitest";
import { everything } from "../../src/access/capability.ts";
import { type Answer, type Credential, call, type Deployment, deployment, reasonOf, succeeded, token } from "./client.ts";
import { customRole, type Person, person } from "./people/person.ts";

interface Row {
  api: string;
  task: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** `:id` stands for what `make` made. */
  path: string;
  /** What a custom role with everything else lacks; absent: the route asks for an administrator. */
  capability?: string;
  make?(made: Deployment, turn: string): Promise<string>;
  body?(turn: string): unknown;
}

// no longer than the sessions that make them
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const INGEST = { name: "new", datasetCapabilities: { "*": { ingest: ["create"] } } };
const aToken = async (made: Deployment) => (await token(made, { ...INGEST, expiresAt: inAnHour() })).id;
const aUser = async ({ owner }: Deployment, turn: string) =>
  succeeded(await call("POST", "/v2/users", owner, newUser(`Made for ${turn}`))).id;
const newUser = (name: string, role = "user") => ({ name, email: `${name.toLowerCase().replaceAll(" ", "-")}@acme.example`, role });

const ROWS: Row[] = [
  {
    ...{ api: "Org token", task: "create", method: "POST", path: "/v2/tokens", capability: "apiTokens:create" },
    body: () => ({ ...INGEST, expiresAt: inAnHour() }),
  },
  { api: "Org token", task: "delete", method: "DELETE", path: "/v2/tokens/:id", capability: "apiTokens:delete", make: aToken },
  {
    ...{ api: "Org token", task: "rotate its secret", method: "POST", path: "/v2/tokens/:id/regenerate", capability: "apiTokens:update" },
    make: aToken,
    body: () => ({ existingTokenExpiresAt: inAnHour(), newTokenExpiresAt: inAnHour() }),
  },
  {
    ...{ api: "Organizations", task: "retrieve information for your organization", method: "GET", path: "/v2/orgs/:id/settings" },
    make: async ({ org }) => org,
  },
  { api: "Organizations", task: "retrieve information for its users", method: "GET", path: "/v2/users/:id/details", make: aUser },
  {
    ...{ api: "Organizations", task: "invite a user", method: "POST", path: "/v2/users", capability: "users:create" },
    body: (turn) => newUser(`Invited by ${turn}`),
  },
  {
    ...{ api: "Organizations", task: "invite a user anew", method: "POST", path: "/v2/users/:id/invitation", capability: "users:create" },
    make: aUser,
  },
  {
    ...{ api: "Organizations", task: "invite a group of users", method: "POST", path: "/v2/users/invite", capability: "users:create" },
    body: (turn) => ({ users: [newUser(`One by ${turn}`), newUser(`Another by ${turn}`)] }),
  },
  {
    ...{ api: "Organizations", task: "grant administrative access", method: "PUT", path: "/v2/users/:id/role", capability: "users:update" },
    make: aUser,
    body: () => ({ role: "admin" }),
  },
  { api: "Organizations", task: "delete a user", method: "DELETE", path: "/v2/users/:id", capability: "users:delete", make: aUser },
];

const KINDS = ["session", "personal"] as const;

async function everybody(made: Deployment, row: Row): Promise<Record<"allowed" | "refused", [string, Person | Deployment][]>> {
  const others = everything().org.filter((capability) => capability !== row.capability);
  const custom = await customRole(made, "Nearly all", others, everything().datasets);
  const named = async (role: string, name: string): Promise<[string, Person]> => [name, await person(made, role, name)];
  return {
    allowed: [["Owner", made], await named("admin", "Admin")],
    refused: [
      await named("user", "User"),
      await named("read-only", "Read Only"),
      await named("none", "None"),
      await named(custom, "Custom"),
    ],
  };
}

const credentialOf = (who: Person | Deployment, kind: (typeof KINDS)[number]): Credential =>
  kind === "session" ? who.session : "personal" in who ? who.personal : who.owner;

describe("of what the documents reserve to administrators", () => {
  it.each(ROWS.map((row) => [`${row.api}: ${row.task}`, row] as const))("%s", async (_, row) => {
    const made = await deployment();
    const { allowed, refused } = await everybody(made, row);
    const attempt = async (name: string, who: Person | Deployment, kind: (typeof KINDS)[number]) => {
      const turn = `${name} ${kind}`;
      const id = (await row.make?.(made, turn)) ?? "";
      return call<Answer>(row.method, row.path.replace(":id", id), credentialOf(who, kind), row.body?.(turn));
    };
    for (const kind of KINDS) {
      for (const [name, who] of allowed) {
        const { status, body } = await attempt(name, who, kind);
        expect([name, kind, status < 300 ? "done" : body]).toEqual([name, kind, "done"]);
      }
      for (const [name, who] of refused) {
        const reply = await attempt(name, who, kind);
        expect([name, kind, reply.status, reasonOf(reply)]).toEqual([name, kind, 403, "forbidden"]);
      }
    }
  });

  it("nobody but the organisation's owner may end it or found another", async () => {
    const made = await deployment();
    const admin = await person(made, "admin");
    for (const [method, path, body] of [
      ["POST", "/v2/orgs", { name: "Other" }],
      ["DELETE", `/v2/orgs/${made.org}`, { name: "Acme" }],
    ] as const) {
      const reply = await call(method, path, admin.session, body);
      expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
    }
  });
});
