/** Organisations as chance makes them: people of all roles in groups and teams, tokens, invitations, an issuer, and one credential. */
import { randomUUID } from "node:crypto";
import { digestOf, mintToken } from "../../../../src/access/token.ts";
import { issuerDigest } from "../../../../src/access/trusted-issuer.ts";
import { settingsOf } from "../../../../src/management/env.ts";
import { SUBJECT } from "../../../access/workload/issuer.ts";
import type { Random } from "../../../torture/random.ts";
import { env } from "../../client.ts";
import { ROLES } from "../oracle.ts";
import { builtIn, type Held } from "./rights.ts";

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const PEOPLE = 6;
export const HONEST_ISSUER = "https://honest.idp.example";

const spell = (resource: string, actions = ["create", "read", "update", "delete"]) => actions.map((action) => `${resource}:${action}`);
/** In pieces that are worth something, so that one credential often covers another and often just misses it. */
export const OF_ORG: string[][] = [
  ...["apiTokens", "users", "rbac", "datasets"].map((resource) => spell(resource)),
  ...[["apiTokens:update"], ["users:create"], ["users:update"], ["rbac:create", "rbac:read"], ["auditLog:read"], ["dashboards:read"]],
  ...["user", "read-only", "admin"].map((role) => ROLES[role]?.org ?? []),
];
const POWERS = ["apiTokens", "users", "rbac"].map((resource) => spell(resource));
export const OF_DATASETS: string[][] = [
  ...[["ingest:create"], ["query:read"], ["trim:update"]],
  ...["user", "read-only", "admin"].map((role) => ROLES[role]?.datasets ?? []),
];
export const OF_VIEWS: string[][] = [["query:read"], ["query:read", "share:create", "share:read", "share:delete"]];
const NETWORKS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "192.0.2.0/24", "2001:db8::/32", "2001:db8:1::/48"];

export interface Start {
  kind: "api" | "personal" | "session";
  secret: string;
  /** Null: an API token. */
  user: string | null;
}

export interface World {
  org: string;
  /** With those that people of it founded. */
  orgs: string[];
  start: Start;
  /** What the start is, for whoever reads a failure. */
  told: string;
}

export function chosen<T>(random: Random, from: readonly T[], most: number): T[] {
  return Array.from({ length: random.between(0, most) }, () => random.pick(from));
}

export function networks(random: Random): string[] | null {
  const some = [...new Set(chosen(random, NETWORKS, 3))];
  return random.percent(25) && some.length > 0 ? some : null;
}

export function limits(random: Random): Record<string, number> | null {
  return random.percent(25) ? { [random.pick(["requestsPerSecond", "bytesPerDay"])]: random.pick([5, 6, 50]) } : null;
}

/** @param datasets ids. */
export function capabilities(random: Random, datasets: readonly string[]): Held {
  const scopes: [string, string[]][] = chosen(random, ["*", ...datasets], 2).map((scope) => [scope, random.pick(OF_DATASETS)]);
  return {
    org: [...new Set(chosen(random, OF_ORG, 4).flat())],
    datasets: Object.fromEntries(scopes),
    views: random.percent(20) ? { "*": random.pick(OF_VIEWS) } : {},
  };
}

/** Who may do nothing to others gets nowhere. */
function powerful(random: Random, held: Held): Held {
  return { ...held, org: [...new Set([...held.org, ...POWERS.filter(() => random.percent(50)).flat()])] };
}

const KINDS_OF_ROLE: ((random: Random, held: Held) => Held)[] = [
  powerful,
  (random) => powerful(random, { org: [], datasets: {}, views: {} }),
  (_, held) => held,
  // as much as administrators, whose rank it is not
  () => builtIn("admin") ?? { org: [], datasets: {}, views: {} },
  // of datasets alone, and of what no administrator may
  (_, { datasets }) => ({ org: [], datasets, views: {} }),
  (random, held) => powerful(random, { ...held, org: ["auditLog:read"] }),
];

/** Rows of the database, one after the other; written at once. */
class Rows {
  readonly statements: D1PreparedStatement[] = [];

  add(table: string, row: Record<string, string | number | null>): void {
    const columns = Object.keys(row);
    const marks = columns.map(() => "?").join(", ");
    this.statements.push(env.DB.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`).bind(...Object.values(row)));
  }
}

const KEPT = { created_at: 0, ver: 1, change_id: "" };

export async function worldOf(random: Random): Promise<World> {
  const rows = new Rows();
  const now = Date.now();
  const org = `o-${randomUUID().slice(0, 13)}`;
  const orgs = [org];
  const tagKeys = settingsOf(env).tagKeys;
  const addOrg = (id: string) =>
    rows.add("orgs", {
      ...{ id, name: id, status: "active", default_region: "cloud.us-east-1.aws", updated_at: 0, ...KEPT },
      token_lifetime_max_ms: random.percent(15) ? random.pick([30, 400]) * DAY_MS : null,
    });
  addOrg(org);
  const datasets = ["a", "b", "c"].map((name) => {
    const id = randomUUID();
    rows.add("datasets", {
      ...{ id, org, name, description: "", kind: "", region: "cloud.us-east-1.aws", retention_days: 0, use_retention_period: 0 },
      ...{ who: "", created_at: 0, updated_at: 0, change_id: "" },
    });
    return id;
  });

  const customs = KINDS_OF_ROLE.map((kind) => {
    const id = randomUUID();
    const held = kind(random, capabilities(random, datasets));
    rows.add("roles", { id, org, name: id, description: "", capabilities: JSON.stringify(held), ...KEPT });
    return id;
  });
  const roles = ["user", "user", "read-only", "none", ...customs];

  const people = Array.from({ length: PEOPLE }, (_, at) => {
    const id = randomUUID();
    const role = at === 0 ? "owner" : random.pick(at === 1 ? ["admin", "admin", "admin", ...roles] : ["admin", ...roles]);
    const arrived = at < 2 || random.percent(50);
    rows.add("users", {
      ...{ id, org, name: `P${at}`, email: `p${at}@acme.example`, status: at > 1 && random.percent(5) ? "disabled" : "active" },
      ...KEPT,
    });
    rows.add("members", { id: `${org}/${id}`, org, user_id: id, role, ...KEPT });
    if (arrived)
      rows.add("identities", {
        ...{ id: randomUUID(), org, issuer: HONEST_ISSUER, subject: id, user_id: id, provider: "honest" },
        ...{ email: null, created_at: 0, last_used_at: 0, change_id: "" },
      });
    else
      rows.add("invitations", {
        ...{ id: randomUUID(), org, user_id: id, digest: digestOf(randomUUID()), status: "open", expires_at: now + DAY_MS },
        ...{ created_at: 0, created_by: "", change_id: "" },
      });
    return { id, role, arrived };
  });
  const [owner, self] = people as [(typeof people)[number], (typeof people)[number]];

  // somebody who made an organisation of their own when they still were an owner here
  const founder = people.slice(1).find(({ arrived }) => arrived && random.percent(15));
  if (founder) {
    const other = `${org}-b`;
    orgs.push(other);
    addOrg(other);
    rows.add("members", { id: `${other}/${founder.id}`, org: other, user_id: founder.id, role: "owner", ...KEPT });
  }

  for (let at = 0; at < 3; at += 1) {
    const id = randomUUID();
    rows.add("groups", { id, org, name: id, description: "", ...KEPT });
    for (const role of new Set(chosen(random, [...customs, ...customs, "user"], 2))) rows.add("group_roles", { group_id: id, role });
    for (const { id: user_id } of people.filter((one) => random.percent(one === self ? 50 : 20)))
      rows.add("group_members", { group_id: id, user_id });
  }

  const restricted = people.filter(({ role }) => role !== "owner" && role !== "admin" && random.percent(50));
  const inTeams = new Set<string>();
  for (let at = 0; at < 3; at += 1) {
    const id = randomUUID();
    rows.add("teams", { id, org, name: id, description: "", ...KEPT });
    for (const dataset of datasets.filter(() => random.percent(40))) rows.add("team_datasets", { team_id: id, dataset_id: dataset });
    for (const { id: user_id } of restricted.filter(() => random.percent(60))) {
      inTeams.add(user_id);
      rows.add("team_members", { team_id: id, user_id, owner: random.percent(40) ? 1 : 0, created_at: 0 });
    }
  }
  for (const { id } of restricted) if (!inTeams.has(id) && random.percent(60)) rows.add("team_leavers", { org, user_id: id, at: 0 });

  const addToken = (secret: string, createdBy: string, expiresAt: number | null, held = capabilities(random, datasets)) => {
    const id = randomUUID();
    const [nets, most] = [networks(random), limits(random)];
    rows.add("tokens", {
      ...{ id, org, digest: digestOf(secret), name: id, description: "", capabilities: JSON.stringify(held), status: "active" },
      ...{ expires_at: expiresAt, expires_text: expiresAt && new Date(expiresAt).toISOString(), created_by: createdBy, family: id },
      ...{ networks: nets && JSON.stringify(nets), limits: most && JSON.stringify(most), disabled: random.percent(10) ? 1 : 0 },
      ...KEPT,
      created_at: now,
    });
    return { id, held, nets, most };
  };
  for (let at = 0; at < 3; at += 1) addToken(mintToken("api", tagKeys), owner.id, end(random, now));

  rows.add("auth_providers", {
    ...{ id: randomUUID(), org, name: "honest", type: "oidc", issuer: HONEST_ISSUER, client_id: "c", client_secret: "" },
    ...{ client_auth: "client_secret_basic", scopes: '["openid"]', allowed_domains: "[]", enabled: 1, updated_at: 0, ...KEPT },
  });
  const audience = `urn:headgate:${org}`;
  rows.add("issuers", {
    ...{ id: randomUUID(), org, digest: issuerDigest(HONEST_ISSUER, audience), name: "CI", issuer: HONEST_ISSUER, audience },
    ...{ algorithms: '["ES256"]', jwks_uri: `${HONEST_ISSUER}/jwks`, typ: "at+jwt", max_token_age_s: 3_600, status: "active" },
    ...{ keys: "[]", keys_at: now, ...KEPT },
    claims: JSON.stringify([
      {
        when: [{ claim: "sub", equals: SUBJECT }],
        grants: {
          datasets: { [random.pick(["*", ...datasets])]: random.percent(50) ? ["ingest:create"] : ["ingest:create", "query:read"] },
        },
      },
    ]),
  });

  const kind = random.pick(["api", "api", "personal", "session", "session"] as const);
  const secret = mintToken(kind, tagKeys);
  let told = "";
  if (kind === "api") {
    const id = randomUUID();
    const expiresAt = end(random, now);
    const held = powerful(random, capabilities(random, datasets));
    const [nets, most] = [networks(random), limits(random)];
    rows.add("tokens", {
      ...{ id, org, digest: digestOf(secret), name: id, description: "", capabilities: JSON.stringify(held), status: "active" },
      ...{ expires_at: expiresAt, expires_text: expiresAt && new Date(expiresAt).toISOString(), created_by: owner.id, family: id },
      ...{ networks: nets && JSON.stringify(nets), limits: most && JSON.stringify(most), disabled: 0, ...KEPT },
      created_at: now,
    });
    told = JSON.stringify({ held, expiresAt, nets, most });
  } else if (kind === "personal") {
    const expiresAt = end(random, now);
    rows.add("personal_tokens", {
      ...{ id: randomUUID(), user_id: self.id, digest: digestOf(secret), name: "n", description: "", hint: "", status: "active" },
      ...{ expires_at: expiresAt, expires_text: expiresAt && new Date(expiresAt).toISOString(), created_at: 0, change_id: "" },
    });
    told = `${self.role} until ${expiresAt}`;
  } else {
    const fresh = random.percent(70);
    rows.add("sessions", {
      ...{ id: randomUUID(), user_id: self.id, kind: "api", digest: digestOf(secret), description: "", hint: "", created_at: 0 },
      ...{ expires_at: now + 5 * DAY_MS, authenticated_at: fresh ? now : now - HOUR_MS, last_used_at: now, change_id: "" },
    });
    told = `${self.role} ${fresh ? "fresh" : "stale"}`;
  }
  await env.DB.batch(rows.statements);
  return { org, orgs, start: { kind, secret, user: kind === "api" ? null : self.id }, told: `${kind} ${told}` };
}

export function end(random: Random, now: number): number | null {
  return random.percent(60) ? null : now + random.pick([2, 10, 100]) * DAY_MS;
}
