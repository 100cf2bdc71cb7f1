/** Every call that makes a credential, or changes what somebody may do. */
import { randomUUID } from "node:crypto";
import { SUBJECT } from "../../../access/workload/issuer.ts";
import type { Random } from "../../../torture/random.ts";
import { type Answer, call } from "../../client.ts";
import { may } from "../../issuers/provider.ts";
import { DEMANDS, type Demand } from "../oracle.ts";
import {
  type Attacker,
  type Credential,
  gain,
  isFresh,
  isLive,
  type Kind,
  look,
  type Move,
  ownsTeam,
  play,
  pointsOf,
  signIn,
} from "./attacker.ts";
import type { Choice } from "./choice.ts";
import * as some from "./choice.ts";
import { DAY_MS, limits } from "./world.ts";

interface Request {
  /** What stands in the path's places. */
  at?: string[];
  body?: unknown;
  gains?: Move["gains"];
  links?: Move["links"];
}

type Turn = (choice: Choice) => Request;

const gains = (kind: Kind) => (answer: Answer) => [[kind, answer.token] as [Kind, string]];
const now = (ms = 0) => new Date(Date.now() + ms).toISOString();
const sometimes = <T extends object>({ random }: Choice, percent: number, members: T): T | object =>
  random.percent(percent) ? members : {};
const linkOf = ({ token }: Answer) => [token];
const linksOf = (answer: Answer) =>
  (answer["results"] as { invitation?: { token: string } }[]).flatMap(({ invitation }) => invitation?.token ?? []);

const newUser = (choice: Choice) => ({ name: "V", email: `v-${randomUUID()}@evil.example`, role: some.aRole(choice) });
const datasets = (choice: Choice) => [...new Set(Array.from({ length: choice.random.between(0, 2) }, () => some.aDataset(choice)))];
const claims = (choice: Choice) => {
  const { datasetCapabilities } = some.wire(choice, { ...some.wanted(choice), org: [], views: {} });
  const held = choice.random.pick([["ingest:create"], ["query:read"], ["ingest:create", "query:read"]]);
  return may(Object.fromEntries(Object.keys(datasetCapabilities).map((name) => [name, held])));
};
const regeneration: Turn = (choice) => ({
  at: [some.aToken(choice)],
  body: {
    ...{ existingTokenExpiresAt: now(choice.random.pick([0, DAY_MS])), newTokenExpiresAt: some.anEnd(choice) },
    ...sometimes(choice, 40, { newToken: some.newToken(choice) }),
  },
  gains: gains("api"),
});
const taken: Turn = (choice) => {
  const kind = choice.random.pick(["api", "ingest"] as const);
  const token = `${kind === "api" ? "xaat" : "xait"}-${randomUUID()}`;
  return { body: { ...some.newLegacyToken(choice, kind), token }, gains: () => [[kind, token]] };
};

/** Those that lead on stand twice or more. */
const TURNS: [route: string, turn: Turn, weight?: number][] = [
  ["POST /v2/tokens", (choice) => ({ body: some.newToken(choice), gains: gains("api") }), 4],
  ["POST /v2/tokens/:id/regenerate", regeneration, 3],
  ["POST /api/v1/tokens/api", (choice) => ({ body: some.newLegacyToken(choice, "api"), gains: gains("api") })],
  ["POST /api/v1/tokens/ingest", (choice) => ({ body: some.newLegacyToken(choice, "ingest"), gains: gains("ingest") })],
  ["POST /v2/tokens/import", taken],
  ["PUT /v2/tokens/:id/settings", (choice) => ({ at: [some.aToken(choice)], body: { limits: limits(choice.random) } })],
  ["PUT /v2/tokens/:id/expiry", (choice) => ({ at: [some.aToken(choice)], body: { expiresAt: some.anEnd(choice) ?? now(DAY_MS) } })],
  ["POST /v2/tokens/:id/disable", (choice) => ({ at: [some.aToken(choice)] })],
  ["POST /v2/tokens/:id/enable", (choice) => ({ at: [some.aToken(choice)] })],
  ["POST /v2/user/tokens", (choice) => ({ body: { name: "n", expiresAt: some.anEnd(choice) }, gains: gains("personal") }), 2],
  ["POST /v2/sessions", () => ({ body: {}, gains: gains("session") })],

  ["POST /v2/rbac/roles", (choice) => ({ body: { name: randomUUID(), ...some.wire(choice, some.wanted(choice)) } }), 2],
  ["PUT /v2/rbac/roles/:id", (choice) => ({ at: [some.aRole(choice, "custom")], body: some.wire(choice, some.wanted(choice)) }), 2],
  ["DELETE /v2/rbac/roles/:id", (choice) => ({ at: [some.aRole(choice, "custom")] })],
  ["POST /v2/rbac/groups", (choice) => ({ body: { name: randomUUID(), roles: [some.aRole(choice)], members: some.people(choice, 2) } }), 2],
  [
    "PUT /v2/rbac/groups/:id",
    (choice) => {
      const roles = sometimes(choice, 60, { roles: [some.aRole(choice)] });
      return { at: [some.aGroup(choice)], body: { ...roles, ...sometimes(choice, 60, { members: some.people(choice, 2) }) } };
    },
    2,
  ],
  ["DELETE /v2/rbac/groups/:id", (choice) => ({ at: [some.aGroup(choice)] })],

  [
    "POST /v2/teams",
    (choice) => {
      const members = some.people(choice, 2).map((user) => ({ user, owner: choice.random.percent(30) }));
      return { body: { name: randomUUID(), members, datasets: datasets(choice) } };
    },
  ],
  ["PUT /v2/teams/:id", (choice) => ({ at: [some.aTeam(choice)], body: { datasets: datasets(choice) } }), 2],
  ["DELETE /v2/teams/:id", (choice) => ({ at: [some.aTeam(choice)] })],
  [
    "PUT /api/v1/teams/:id",
    (choice) => {
      const members = sometimes(choice, 50, { members: some.people(choice, 2) });
      return { at: [some.aTeam(choice)], body: { ...members, ...sometimes(choice, 50, { datasets: datasets(choice) }) } };
    },
  ],
  [
    "POST /v2/teams/:id/members",
    (choice) => ({ at: [some.aTeam(choice)], body: { user: some.aPerson(choice), owner: choice.random.percent(50) } }),
  ],
  ["DELETE /v2/teams/:id/members/:user", (choice) => ({ at: [some.aTeam(choice), some.aPerson(choice)] }), 2],
  ["POST /v2/teams/:id/datasets/:dataset", (choice) => ({ at: [some.aTeam(choice), some.aDataset(choice)] }), 2],
  ["DELETE /v2/teams/:id/datasets/:dataset", (choice) => ({ at: [some.aTeam(choice), some.aDataset(choice)] })],
  ["DELETE /v2/teams/leavers/:user", (choice) => ({ at: [some.aPerson(choice)] })],

  ["POST /v2/users", (choice) => ({ body: newUser(choice) })],
  ["POST /v2/users/invite", (choice) => ({ body: { users: [newUser(choice)] }, links: linksOf }), 3],
  ["POST /v2/users/:id/invitation", (choice) => ({ at: [some.aPerson(choice)], links: linkOf }), 4],
  ["PUT /v2/users/:id/role", (choice) => ({ at: [some.aPerson(choice)], body: { role: some.aRole(choice) } }), 3],
  ["POST /v2/users/:id/disable", (choice) => ({ at: [some.another(choice)] })],
  ["POST /v2/users/:id/enable", (choice) => ({ at: [some.aPerson(choice)] }), 2],
  ["DELETE /v2/users/:id", (choice) => ({ at: [some.another(choice)] })],

  ["POST /v2/auth/providers", ({ attacker }) => ({ body: { name: `p-${++accounts}`, type: "oidc", ...vouching(attacker) } }), 3],
  ["PUT /v2/auth/providers/:id", (choice) => ({ at: [some.aProvider(choice).id], body: vouching(choice.attacker) })],
  ["POST /v2/auth/issuers", (choice) => ({ body: { name: "x", issuer: choice.attacker.idp.issuer, claims: claims(choice) } })],
  [
    "PUT /v2/auth/issuers/:id",
    (choice) => ({
      at: [some.anIssuer(choice)],
      body: { jwksUri: choice.attacker.idp.jwksUri, ...sometimes(choice, 50, { claims: claims(choice) }) },
    }),
    2,
  ],
  [
    "PUT /v2/orgs/:id/settings",
    ({ attacker, random }) => ({
      at: [attacker.world.org],
      body: { tokenLifetimeMax: random.pick([null, null, 86_400 * 30]), onCreatorRemoved: random.pick(["keep", "revoke"]) },
    }),
  ],
  ["POST /v2/datasets", ({ random }) => ({ body: { name: random.pick(["a", "d", "e"]) } })],
  ["DELETE /v2/datasets/:dataset", (choice) => ({ at: [some.aDataset(choice)] })],
];

/** Ways in from elsewhere, each if there is one. */
const WAYS_IN: [isThere: (attacker: Attacker) => boolean, way: (attacker: Attacker, random: Random) => Promise<void>][] = [
  [({ links }) => links.length > 0, followLink],
  [(attacker) => ownProviders(attacker).length > 0, vouch],
  [(attacker) => trusting(attacker).length > 0, exchangeJwt],
];

const ownProviders = ({ rows, world, idp }: Attacker) =>
  rows.auth_providers.filter(({ issuer, org }) => issuer === idp.issuer && org === world.org);
const trusting = ({ rows, idp }: Attacker) =>
  rows.issuers.filter(({ jwks_uri, status }) => jwks_uri === idp.jwksUri && status === "active");
const vouching = ({ idp }: Attacker) => ({ issuer: idp.issuer, clientId: "c", clientSecret: "s" });
let accounts = 0;

/** With an account of the attacker's own at any provider. */
async function followLink(attacker: Attacker, random: Random): Promise<void> {
  const subject = `mallory-${++accounts}`;
  const provider = random.pick(attacker.rows.auth_providers.filter(({ org }) => org === attacker.world.org));
  const link = random.percent(60) ? attacker.links.at(-1) : random.pick(attacker.links);
  await signIn(attacker, provider, { subject, verifiedEmails: [`${subject}@evil.example`] }, link ?? null);
}

/** With the word of a provider that is the attacker's own, for anybody. */
async function vouch(attacker: Attacker, random: Random): Promise<void> {
  const { rows, world } = attacker;
  const open = rows.users.filter(({ id }) => rows.invitations.some(({ user_id, status }) => user_id === id && status === "open"));
  const there = rows.users.filter(({ org }) => org === world.org);
  const { id, email } = random.pick(open.length > 0 && random.percent(70) ? open : there);
  const subject = random.percent(20) ? id : `mallory-${++accounts}`;
  await signIn(attacker, random.pick(ownProviders(attacker)), { subject, verifiedEmails: [email] }, null);
}

/** A JWT of the attacker's own for an issuer that trusts the attacker's keys. */
async function exchangeJwt(attacker: Attacker, random: Random): Promise<void> {
  const { idp, log } = attacker;
  const { org, issuer } = random.pick(trusting(attacker));
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: await idp.token(`urn:headgate:${org}`, { iss: issuer, sub: SUBJECT }),
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const reply = await call<{ access_token: string }>("POST", "/v2/oauth/token", null, form.toString(), { headers });
  log.push(`a JWT of ${issuer} -> ${reply.status} ${reply.status < 300 ? "" : JSON.stringify(reply.body)}`);
  if (reply.status === 200) gain(attacker, "api", reply.body.access_token);
  await look(attacker);
}

const LETTERS: Record<Kind, string> = { api: "A", ingest: "I", personal: "P", session: "S" };

/** What the table does not say, since the route finds it out itself. */
const BESIDES: Record<string, string> = { "DELETE /v2/users/:id": "org users:delete" };

/** Whether the table lets the credential in, as far as it can be told before. */
function letsIn({ rows, world }: Attacker, { route, kinds, org, admin, recent }: Demand, credential: Credential): boolean {
  const points = pointsOf(rows, credential);
  const besides = BESIDES[route];
  const managing = /teams\/:id/.test(route) && !admin;
  const has = (what: string) => points.has(`${world.org} ${what} *`) || points.has(`${world.org} ${what} team`);
  return (
    isLive(rows, credential) &&
    (besides === undefined || has(besides)) &&
    (!managing || has("role admin") || ownsTeam(rows, credential)) &&
    kinds.includes(LETTERS[credential.kind]) &&
    (org === null || has(`org ${org}`)) &&
    (!admin || has("role admin")) &&
    (!recent || credential.kind !== "session" || isFresh(rows, credential))
  );
}

const WEIGHTED = TURNS.flatMap((turn) => Array<(typeof TURNS)[number]>(turn[2] ?? 1).fill(turn));
const GUESSES = 6;

/** One turn of the attacker: chance says which, and prefers what is not refused at the door. */
export async function turn(attacker: Attacker, random: Random): Promise<void> {
  const ways = WAYS_IN.filter(([isThere]) => isThere(attacker));
  if (ways.length > 0 && random.percent(25)) return random.pick(ways)[1](attacker, random);
  for (let guess = 0; guess < GUESSES; guess += 1) {
    const [route, request] = random.pick(WEIGHTED);
    const demand = DEMANDS.find((one) => one.route === route);
    if (!demand) throw new Error(`${route} is no row of the table`);
    const able = random.percent(95) ? attacker.held.filter((credential) => letsIn(attacker, demand, credential)) : attacker.held;
    if (able.length === 0) continue;
    const actor = random.percent(40) ? (able.at(-1) as Credential) : random.pick(able);
    const { at = [], ...rest } = request({ attacker, actor, random });
    const [method = "", path = ""] = route.split(" ");
    const places = [...at];
    return play(attacker, actor, { route, method, path: path.replaceAll(/:\w+/g, () => places.shift() ?? "x"), ...rest });
  }
}
