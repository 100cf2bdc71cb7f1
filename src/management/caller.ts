/**
 * Who is calling and what they may do. Every request asks D1, never KV: a revoked token or a changed role counts from the next
 * request on.
 */
import { readAuthorization } from "../access/authorization.ts";
import { type Capability, everything, type Grant, scopeAllows } from "../access/capability.ts";
import { digestOf, parseToken } from "../access/token.ts";
import { Problem } from "../problem.ts";
import type { Condition } from "./change.ts";
import { type Holder, holderOfPersonalToken, holderOfToken, type Membership, type User } from "./credentials.ts";
import { settingsOf } from "./env.ts";
import type { Request } from "./request.ts";

const ORGANISATION_HEADER = "x-axiom-org-id";

/** As the audit log names whoever did something. */
export interface Actor {
  kind: "user" | "token" | "setup" | "system";
  id: string;
  name: string;
}

export interface Caller {
  actor: Actor;
  org: string;
  /** Region of datasets that name none. */
  defaultRegion: string;
  grant: Grant;
  /** True while the caller is still what `grant` was read from; for the WHERE of whatever hands rights on. */
  unchanged: Condition;
}

/** A user, with or without one organisation. */
export interface Visitor {
  user: User;
  memberships: Membership[];
  /** The one meant: named by the header, or the user's first. */
  membership: Membership | null;
}

/**
 * The caller, acting in one organisation. Does not check any capability, and reads no body.
 * @throws Problem 401 for the credential, `token-kind`, `organisation-required`, `forbidden` for a foreign organisation.
 */
export async function callerOf(c: Request): Promise<Caller> {
  const holder = await holderOf(c);
  const named = c.req.header(ORGANISATION_HEADER);
  if (holder.kind === "token") {
    if (named && named !== holder.org) throw foreign(named);
    return callerFromToken(holder);
  }
  if (!named) {
    const known = holder.memberships.map(({ org }) => org).join(", ") || "none";
    throw new Problem("organisation-required", `add the header X-Axiom-Org-Id to a personal token; your organisations: ${known}`);
  }
  const membership = holder.memberships.find(({ org }) => org === named);
  if (!membership) throw foreign(named);
  return callerFromMembership(holder, membership);
}

/**
 * The user, on the few routes that take no organisation: axiom-go removes the header there.
 * An API token is refused. It has no user of its own, and to name the one who made it would show a person's name and address to
 * everybody who holds an ingest token, browsers included.
 */
export async function visitorOf(c: Request): Promise<Visitor> {
  const holder = await holderOf(c);
  if (holder.kind === "token") throw new Problem("token-kind", "an API token has no user; use a personal token (xapt-…) here");
  const named = c.req.header(ORGANISATION_HEADER);
  const membership = holder.memberships.find(({ org }) => !named || org === named) ?? null;
  if (named && !membership) throw foreign(named);
  return { user: holder.user, memberships: holder.memberships, membership };
}

/** The organisations that a credential sees, with the role in each; an API token sees its own and has no role. */
export async function membershipsOf(c: Request): Promise<Membership[]> {
  const holder = await holderOf(c);
  const named = c.req.header(ORGANISATION_HEADER);
  const memberships = holder.kind === "user" ? holder.memberships : [{ ...holder, role: "none", since: 0, ver: 0 }];
  if (named && !memberships.some(({ org }) => org === named)) throw foreign(named);
  return memberships;
}

/** @throws Problem `forbidden` naming the capability. */
export function requireCapability({ grant }: Caller, capability: Capability): void {
  if (!grant.org.includes(capability)) throw forbidden(`${capability} on the organisation`);
}

/** @throws Problem `forbidden` naming the capability and the dataset. */
export function requireOn({ grant }: Caller, capability: Capability, { id, name }: { id: string; name: string }): void {
  if (!scopeAllows(grant.datasets, id, capability)) throw forbidden(`${capability} on dataset ${name}`);
}

/** Whether the caller may do anything at all with a dataset. */
export function maySee({ grant }: Caller, datasetId: string): boolean {
  return grant.org.includes("datasets:read") || Object.hasOwn(grant.datasets, datasetId) || Object.hasOwn(grant.datasets, "*");
}

export function mayWrite({ grant }: Caller, datasetId: string): boolean {
  return scopeAllows(grant.datasets, datasetId, "ingest:create");
}

export function forbidden(missing: string): Problem {
  return new Problem("forbidden", `this credential lacks ${missing}; ask an owner for one that has it`);
}

async function holderOf(c: Request): Promise<Holder> {
  const token = readAuthorization(c.req.raw.headers);
  const kind = parseToken(token, settingsOf(c.env).tagKeys);
  if (kind === null) throw new Problem("credential-malformed", "the token is not one of this deployment: check that it was copied whole");
  if (kind === "session" || kind === "ingest")
    throw new Problem("token-kind", `${kind} tokens are not taken here; use a personal token (xapt-…) or an API token (xaat-…)`);
  const find = kind === "api" ? holderOfToken : holderOfPersonalToken;
  const found = await find(c.env.DB, digestOf(token));
  if (!found) throw new Problem("token-unknown", "the token is unknown; check that it belongs to this deployment");
  if (found.status === "revoked") throw new Problem("token-revoked", "the token was deleted; ask an owner for a new one");
  if (found.expiresAt !== null && found.expiresAt <= c.var.now)
    throw new Problem("token-expired", "the token has expired; an owner can regenerate it at POST /v2/tokens/<id>/regenerate");
  return found.holder;
}

function callerFromToken(holder: Holder & { kind: "token" }): Caller {
  const { id, name, org, orgStatus, defaultRegion, grant, ver } = holder;
  requireActive(org, orgStatus);
  const sql = "EXISTS (SELECT 1 FROM tokens WHERE id = ? AND ver = ? AND status = 'active')";
  return { actor: { kind: "token", id, name }, org, defaultRegion, grant, unchanged: { sql, values: [id, ver] } };
}

function callerFromMembership({ user, tokenId, expiresAt }: Holder & { kind: "user" }, membership: Membership): Caller {
  const { org, orgStatus, defaultRegion, role, ver } = membership;
  requireActive(org, orgStatus);
  const sql = `EXISTS (SELECT 1 FROM members WHERE org = ? AND user_id = ? AND ver = ?)
    AND EXISTS (SELECT 1 FROM personal_tokens WHERE id = ? AND status = 'active')`;
  return {
    actor: { kind: "user", id: user.id, name: user.name },
    org,
    defaultRegion,
    grant: { ...grantOf(role), expiresAt },
    unchanged: { sql, values: [org, user.id, ver, tokenId] },
  };
}

/** Owners may do everything; a role that is not known here may do nothing. */
function grantOf(role: string): Grant {
  return role === "owner" ? everything() : { datasets: {}, org: [], views: {}, expiresAt: null };
}

function requireActive(org: string, status: string): void {
  if (status !== "active") throw new Problem("organisation-suspended", `the organisation ${org} is ${status}`);
}

/** The same for an organisation that does not exist, so that ids cannot be tried out. */
function foreign(org: string): Problem {
  return new Problem("forbidden", `this credential is not one of the organisation ${JSON.stringify(org)}; correct X-Axiom-Org-Id`);
}
