/** Becoming somebody else: by a link, or by the word of a provider. Nobody becomes a person who may do more than they do. */
import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type Answer,
  type Credential,
  call,
  type Deployment,
  dataset,
  deployment,
  env,
  type Reply,
  reasonOf,
  succeeded,
} from "../client.ts";
import { provider } from "../issuers/provider.ts";
import { customRole, identity, person, teamOf } from "../people/person.ts";
import { attackerOf, signIn } from "./closure/attacker.ts";

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const MALLORY = { subject: "mallory", verifiedEmails: ["mallory@evil.example"] };

let made: Deployment;

beforeEach(async () => {
  made = await deployment();
});

async function invited(role: string): Promise<Answer & { email: string }> {
  const email = `${randomUUID()}@acme.example`;
  return { ...succeeded(await call("POST", "/v2/users", made.owner, { name: "Dave", email, role })), email };
}

const invite = (by: Credential, { id }: { id: string }) => call("POST", `/v2/users/${id}/invitation`, by);

/** @returns in which organisations somebody is let in who holds `by`, and has come in by a link or, without one, by a verified address. */
async function comeIn(by: Credential, link: string | null, who = MALLORY): Promise<string[]> {
  const { id, name } = succeeded(await call("POST", "/v2/auth/providers", made.session, PROVIDER));
  const start = { kind: "session", secret: by.token, user: null } as const;
  const attacker = await attackerOf({ org: made.org, orgs: [made.org], start, told: "" }, await provider(), new Map());
  await signIn(attacker, { org: made.org, id, name }, who, link);
  const [, session] = attacker.held;
  if (!session) return [];
  return succeeded(await call<Answer[]>("GET", "/v2/orgs", { token: session.secret })).map((organisation) => organisation.id);
}

const PROVIDER = { name: "p", type: "oidc", issuer: "https://evil.idp.example", clientId: "c", clientSecret: "s" };

describe("a link to somebody's account", () => {
  it("makes its holder that person at home", async () => {
    const helper = await person(made, await customRole(made, "Helpers", ["users:create"]), "Helper");
    const { token } = succeeded(await invite(helper.personal, await invited("none")));
    expect(await comeIn(helper.session, token)).toEqual([made.org]);
  });

  it("to a founder is made by the founder alone, whatever little the founder may do at home", async () => {
    const founder = await person(made, "owner", "Founder");
    await identity(made.org, founder.id);
    const other = succeeded(await call("POST", "/v2/orgs", founder.session, { name: "Other" }));
    succeeded(await call("PUT", `/v2/users/${founder.id}/role`, made.session, { role: "none" }));
    const helper = await person(made, await customRole(made, "Helpers", ["users:create"]), "Helper");
    for (const by of [helper.session, made.session]) expect(refusal(await invite(by, founder))).toEqual([403, "forbidden"]);
    succeeded(
      await call("PUT", `/v2/users/${founder.id}/role`, made.session, { role: await customRole(made, "Inviters", ["users:create"]) }),
    );
    const { token } = succeeded(await invite(founder.session, founder));
    expect(await comeIn(founder.session, token)).toEqual(expect.arrayContaining([made.org, other.id]));
  });

  it("opens nothing any more when the person has founded an organisation since", async () => {
    const founder = await person(made, "owner", "Founder");
    const { token } = succeeded(await invite(made.session, founder));
    succeeded(await call("POST", "/v2/orgs", founder.session, { name: "Other" }));
    expect(await comeIn(made.session, token)).toEqual([]);
  });

  it("is not made by what ends, also to somebody whose rights are a group's", async () => {
    const held = ["users:create", "apiTokens:create"];
    const helper = await person(made, await customRole(made, "Helpers", held), "Helper");
    const dave = await invited("none");
    const role = await customRole(made, "Makers", held);
    succeeded(await call("POST", "/v2/rbac/groups", made.owner, { name: "Makers", roles: [role], members: [dave.id] }));
    await env.DB.prepare("UPDATE sessions SET authenticated_at = 0 WHERE user_id = ?").bind(helper.id).run();
    expect(refusal(await invite(helper.session, dave))).toEqual([403, "sign-in-required"]);
    await env.DB.prepare("UPDATE personal_tokens SET expires_at = ?, expires_text = 'soon' WHERE user_id = ?")
      .bind(Date.now() + 60_000, helper.id)
      .run();
    expect(refusal(await invite(helper.personal, dave))).toEqual([403, "grant-too-wide"]);
  });

  it("is not made while a team hides what the person may do", async () => {
    await dataset(made, "web");
    const bob = await person(made, await customRole(made, "Helpers", ["users:create", "rbac:read"], { "*": ["query:read"] }), "Bob");
    const dave = await invited(await customRole(made, "Trimmers", [], { "*": ["query:read", "trim:update"] }));
    const [both, bobs] = [await teamOf(made.org, bob.id), await teamOf(made.org, bob.id)];
    await env.DB.batch([
      env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES (?, ?, 0, 0)").bind(both, dave.id),
      env.DB.prepare("UPDATE team_members SET owner = 1 WHERE user_id = ?").bind(bob.id),
      env.DB.prepare("INSERT INTO team_datasets SELECT ?, id FROM datasets").bind(bobs),
    ]);
    // the team has no dataset now, and Bob could give it one as soon as he has the link
    expect(refusal(await invite(bob.session, dave))).toEqual([403, "grant-too-wide"]);
    succeeded(await call("POST", `/v2/teams/${both}/datasets/web`, bob.session));
  });
});

describe("a provider's word for the address of somebody who was invited", () => {
  it.each<[string, string[] | "owner" | "admin", boolean]>([
    ["an administrator", "admin", true],
    ["an owner", "owner", false],
    ["somebody who may do what administrators may", ["users:read"], true],
    ["somebody who may read the audit log, which administrators may not", ["auditLog:read"], false],
  ])("lets in %s: only whom who set the provider up may become", async (_, role, comes) => {
    const { email } = await invited(typeof role === "string" ? role : await customRole(made, "Custom", role));
    const who = { subject: "mallory", verifiedEmails: [email] };
    expect(await comeIn(made.session, null, who)).toEqual(comes ? [made.org] : []);
  });

  it("lets nobody in whom a group puts above administrators", async () => {
    const dave = await invited("user");
    const auditors = await customRole(made, "Auditors", ["auditLog:read"]);
    succeeded(await call("POST", "/v2/rbac/groups", made.owner, { name: "Auditors", roles: [auditors], members: [dave.id] }));
    expect(await comeIn(made.session, null, { subject: "mallory", verifiedEmails: [dave.email] })).toEqual([]);
  });
});
