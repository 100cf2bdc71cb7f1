/**
 * Who is calling and what they may do. Every request asks D1, never KV: a revoked token or a changed role counts from the next
 * request on.
 */
import { type Capability, type Grant, scopeAllows } from "../access/capability.ts";
import { Problem } from "../problem.ts";
import type { Condition } from "./change.ts";
import type { Holder, Membership, User } from "./credentials.ts";
import { holderOf } from "./holder.ts";
import { rightsOf } from "./people/rights.ts";
import type { Request } from "./request.ts";

const ORGANISATION_HEADER = "x-axiom-org-id";

/** How recent a sign-in has to be for what is dangerous. */
export const STEP_UP_MS = 900_000;

/** What shows who somebody is: an API token, a personal token, or a session token. */
export type CredentialKind = "api" | "personal" | "session";

/** As the audit log names whoever did something. */
export interface Actor {
  kind: "user" | "token" | "setup" | "system" | "workload" | "report";
  id: string;
  name: string;
}

/** Never the secret. */
export interface Credential {
  kind: CredentialKind;
  id: string;
}

export interface Caller {
  actor: Actor;
  credential: Credential;
  /** Null: an API token, which has none. */
  user: User | null;
  /** The member's role, built in or custom; null: an API token. */
  role: string | null;
  org: string;
  /** Region of datasets that name none. */
  defaultRegion: string;
  grant: Grant;
  /** Whether the credential counts in some networks only, or within limits. */
  narrowed: boolean;
  /** When the credential ends, epoch milliseconds; null: never. */
  expiresAt: number | null;
  /** Ids of the only datasets that the caller may see; null: no team restricts them. */
  visible: ReadonlySet<string> | null;
  /** When the person last proved who they are, epoch milliseconds; null: a credential that does not tell. */
  authenticatedAt: number | null;
  /** First token of the line that the caller's belongs to; null: no API token. */
  family: string | null;
  /** True while the caller is still what `grant` was read from; for the WHERE of whatever hands rights on. */
  unchanged: Condition;
}

/** A credential, with or without one organisation. */
export interface Visitor {
  credential: Credential;
  /** Null: an API token. */
  user: User | null;
  memberships: Membership[];
  /** The one meant: named by the header, or the first. */
  membership: Membership | null;
  /** When the credential ends, epoch milliseconds; null: never. */
  expiresAt: number | null;
  /** As of a `Caller`. */
  authenticatedAt: number | null;
  /** True while the credential is still good. */
  unchanged: Condition;
}

/**
 * The caller, acting in one organisation. Does not check any capability, and reads no body.
 * @param by the kinds of credential that are taken.
 * @throws Problem 401 for the credential, `token-kind`, `organisation-required`, `forbidden` for a foreign organisation.
 */
export async function callerOf(c: Request, by: readonly CredentialKind[]): Promise<Caller> {
  const holder = await holderOf(c, by);
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
  return callerFromMembership(c.env.DB, holder, membership, c.var.now);
}

/** For the few routes that take no organisation: axiom-go removes the header there. */
export async function visitorOf(c: Request, by: readonly CredentialKind[]): Promise<Visitor> {
  const holder = await holderOf(c, by);
  const named = c.req.header(ORGANISATION_HEADER);
  const memberships = holder.kind === "user" ? holder.memberships : [{ ...holder, role: "none", since: 0 }];
  const membership = memberships.find(({ org }) => !named || org === named) ?? null;
  if (named && !membership) throw foreign(named);
  if (holder.kind === "token") {
    const { id, grant } = holder;
    const credential = { kind: "api", id } as const;
    return {
      credential,
      user: null,
      memberships,
      membership,
      expiresAt: grant.expiresAt,
      authenticatedAt: null,
      unchanged: stands(holder),
    };
  }
  const { user, expiresAt, authenticatedAt } = holder;
  const credential = { kind: holder.credential, id: holder.credentialId };
  return { credential, user, memberships, membership, expiresAt, authenticatedAt, unchanged: stands(holder) };
}

/** @throws Problem `forbidden` naming the capability. */
export function requireCapability({ grant }: Caller, capability: Capability): void {
  if (!grant.org.includes(capability)) throw forbidden(`${capability} on the organisation`);
}

/** @throws Problem `forbidden` naming the capability and the dataset. */
export function requireOn({ grant }: Caller, capability: Capability, { id, name }: { id: string; name: string }): void {
  if (!scopeAllows(grant.datasets, id, capability)) throw forbidden(`${capability} on dataset ${name}`);
}

const SEES_DATASETS: readonly Capability[] = ["datasets:read", "datasets:update", "datasets:delete"];

/** Whether the caller may know that a dataset exists. */
export function maySee({ grant, visible }: Caller, datasetId: string): boolean {
  if (visible !== null && !visible.has(datasetId)) return false;
  return (
    grant.org.some((one) => SEES_DATASETS.includes(one)) || Object.hasOwn(grant.datasets, datasetId) || Object.hasOwn(grant.datasets, "*")
  );
}

export function mayWrite({ grant }: Caller, datasetId: string): boolean {
  return scopeAllows(grant.datasets, datasetId, "ingest:create");
}

/** About people and credentials. All else shows or changes what datasets hold, here or behind the gateway, and nothing there knows of teams. */
const APART_FROM_DATASETS = /^(apiTokens|auditLog|billing|rbac|users):/;

/**
 * What the caller may hand on. A member of a team holds `datasets:…` for the teams' datasets only, which a token or role of the whole
 * organisation could not say; and what is behind the gateway not at all.
 */
export function mayGrant({ grant, visible }: Caller): Grant {
  return visible === null ? grant : { ...grant, org: grant.org.filter((capability) => APART_FROM_DATASETS.test(capability)) };
}

export function forbidden(missing: string): Problem {
  return new Problem("forbidden", `this credential lacks ${missing}; ask an owner for one that has it`);
}

/** That the credential is still what was looked up, whatever its holder may do. */
function stands(holder: Holder): Condition {
  if (holder.kind === "token") {
    const sql = "EXISTS (SELECT 1 FROM tokens WHERE id = ? AND ver = ? AND status = 'active' AND disabled = 0)";
    return { sql, values: [holder.id, holder.ver] };
  }
  const [table, live] = holder.credential === "personal" ? ["personal_tokens", "status = 'active'"] : ["sessions", "ended_at IS NULL"];
  const sql = `EXISTS (SELECT 1 FROM users WHERE id = ? AND status = 'active') AND EXISTS (SELECT 1 FROM ${table} WHERE id = ? AND ${live})`;
  return { sql, values: [holder.user.id, holder.credentialId] };
}

function callerFromToken(holder: Holder & { kind: "token" }): Caller {
  const { id, name, org, orgStatus, defaultRegion, grant, family, networks, limited } = holder;
  requireActive(org, orgStatus);
  return {
    actor: { kind: "token", id, name },
    credential: { kind: "api", id },
    user: null,
    role: null,
    org,
    defaultRegion,
    grant,
    expiresAt: grant.expiresAt,
    narrowed: networks.length > 0 || limited,
    visible: null,
    authenticatedAt: null,
    family: family ?? id,
    unchanged: stands(holder),
  };
}

async function callerFromMembership(
  db: D1Database,
  holder: Holder & { kind: "user" },
  membership: Membership,
  now: number,
): Promise<Caller> {
  const { user, credential, credentialId, expiresAt, authenticatedAt } = holder;
  const { org, orgStatus, defaultRegion, role, rights } = membership;
  requireActive(org, orgStatus);
  const { grant, visible } = await rightsOf(db, org, user.id, role);
  const still = stands(holder);
  const sql = `EXISTS (SELECT 1 FROM orgs WHERE id = ? AND rights = ?) AND EXISTS (SELECT 1 FROM members WHERE org = ? AND user_id = ? AND role = ?)
    AND ${still.sql}`;
  return {
    actor: { kind: "user", id: user.id, name: user.name },
    credential: { kind: credential, id: credentialId },
    user,
    role,
    org,
    defaultRegion,
    // who has just proved who they are could sign in again: their session's end bounds nothing that they make
    grant: { ...grant, expiresAt: isRecent(authenticatedAt, now) ? null : expiresAt },
    expiresAt,
    narrowed: false,
    visible,
    authenticatedAt,
    family: null,
    unchanged: { sql, values: [org, rights, org, user.id, role, ...still.values] },
  };
}

/** Whether the person proved of late who they are. Null, a credential that does not tell, is not. */
export function isRecent(authenticatedAt: number | null, now: number): boolean {
  return authenticatedAt !== null && now - authenticatedAt <= STEP_UP_MS;
}

export function requireActive(org: string, status: string): void {
  if (status !== "active")
    throw new Problem("organisation-suspended", `the organisation ${org} is ${status}; ask whoever operates this deployment`);
}

/** The same for an organisation that does not exist, so that ids cannot be tried out. */
function foreign(org: string): Problem {
  return new Problem("forbidden", `this credential is not one of the organisation ${JSON.stringify(org)}; correct X-Axiom-Org-Id`);
}
