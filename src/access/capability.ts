/**
 * What a credential may do: the vocabulary of Axiom's API, and the one subset function.
 * Source of the names: the schemas `APIToken` and `CreateAPIToken` of Axiom's API v2.
 */
import { Problem } from "../problem.ts";

const CRUD = ["create", "read", "update", "delete"] as const;

const DATASET_VOCABULARY: Vocabulary = {
  ingest: ["create"],
  query: ["read"],
  starredQueries: CRUD,
  virtualFields: CRUD,
  trim: ["update"],
  vacuum: ["update"],
  data: ["delete"],
  share: ["create", "read", "delete"],
};

const ORG_VOCABULARY: Vocabulary = {
  annotations: CRUD,
  apiTokens: CRUD,
  auditLog: ["read"],
  billing: ["read", "update"],
  dashboards: CRUD,
  datasets: CRUD,
  endpoints: CRUD,
  flows: CRUD,
  integrations: CRUD,
  monitors: CRUD,
  notifiers: CRUD,
  rbac: CRUD,
  sharedAccessKeys: ["read", "update"],
  users: CRUD,
  views: CRUD,
};

const VIEW_VOCABULARY: Vocabulary = { query: ["read"], share: ["create", "read", "delete"] };

type Vocabulary = Record<string, readonly string[]>;

/** `resource:action`, such as `ingest:create`. */
export type Capability = string;

/** Names of the scope every dataset or view falls under. Only itself covers it. */
export const EVERY = "*";

/** Capabilities by dataset (name or id, or `*`), on the organisation, by view; and when they end (epoch ms, null: never). */
export interface Grant {
  datasets: Record<string, Capability[]>;
  org: Capability[];
  views: Record<string, Capability[]>;
  expiresAt: number | null;
}

/** The members of a create request that hold capabilities; `null`, `[]` and absence all mean none. */
export interface CapabilityMembers {
  datasetCapabilities?: unknown;
  orgCapabilities?: unknown;
  viewCapabilities?: unknown;
}

/** As many as an organisation may have datasets. */
const DATASET_SCOPES_MAX = 2_000;
/** Views are not looked up, so nothing else bounds them. */
const VIEW_SCOPES_MAX = 100;
const SCOPE_LENGTH_MAX = 128;

/**
 * Reads the capability members of a request. Does not check that the datasets exist or that the caller may grant this.
 * @throws Problem `body-invalid` naming the member and what may stand there, `capability-missing` when nothing is granted.
 */
export function readGrant(members: CapabilityMembers, expiresAt: number | null): Grant {
  const grant: Grant = {
    datasets: readScopes("datasetCapabilities", members.datasetCapabilities, DATASET_VOCABULARY, DATASET_SCOPES_MAX),
    org: readCapabilities("orgCapabilities", members.orgCapabilities, ORG_VOCABULARY),
    views: readScopes("viewCapabilities", members.viewCapabilities, VIEW_VOCABULARY, VIEW_SCOPES_MAX),
    expiresAt,
  };
  if (grant.org.length + Object.keys(grant.datasets).length + Object.keys(grant.views).length === 0) {
    // terraform-provider-axiom looks for this wording
    throw new Problem(
      "capability-missing",
      'at least one capability must be set, for example datasetCapabilities: {"*": {"ingest": ["create"]}}',
    );
  }
  return grant;
}

/** Whether everything `child` may do, `parent` may do too, and for as long. */
export function covers(parent: Grant, child: Grant): boolean {
  return beyond(parent, child) === null;
}

/** The first thing that `child` may do and `parent` may not, in words; null when there is none. */
export function beyond(parent: Grant, child: Grant): string | null {
  if (parent.expiresAt !== null && (child.expiresAt === null || child.expiresAt > parent.expiresAt)) return "living longer than the caller";
  const missing = child.org.find((capability) => !parent.org.includes(capability));
  if (missing) return `${missing} on the organisation`;
  return beyondScopes("dataset", parent.datasets, child.datasets) ?? beyondScopes("view", parent.views, child.views);
}

function beyondScopes(noun: string, parent: Grant["datasets"], child: Grant["datasets"]): string | null {
  for (const [scope, capabilities] of Object.entries(child)) {
    const missing = capabilities.find((capability) => !scopeAllows(parent, scope, capability));
    if (missing) return `${missing} on ${noun} ${scope}`;
  }
  return null;
}

/** Whether a capability is held on one scope, by name or through `*`. */
export function scopeAllows(scopes: Grant["datasets"], scope: string, capability: Capability): boolean {
  return has(scopes, scope, capability) || has(scopes, EVERY, capability);
}

function has(scopes: Grant["datasets"], scope: string, capability: Capability): boolean {
  return Object.hasOwn(scopes, scope) && (scopes[scope] as Capability[]).includes(capability);
}

function readScopes(member: string, value: unknown, vocabulary: Vocabulary, most: number): Record<string, Capability[]> {
  const scopes: [string, Capability[]][] = [];
  const entries = entriesOf(member, value);
  if (entries.length > most)
    throw new Problem("body-invalid", `${member} must name at most ${most} scopes; ${JSON.stringify(EVERY)} stands for all`);
  for (const [scope, capabilities] of entries) {
    if (scope.length > SCOPE_LENGTH_MAX)
      throw new Problem("body-invalid", `${member} must hold names of at most ${SCOPE_LENGTH_MAX} characters`);
    const read = readCapabilities(`${member}["${scope}"]`, capabilities, vocabulary);
    if (read.length > 0) scopes.push([scope, read]);
  }
  return Object.fromEntries(scopes);
}

function readCapabilities(member: string, value: unknown, vocabulary: Vocabulary): Capability[] {
  const capabilities: Capability[] = [];
  for (const [resource, actions] of entriesOf(member, value)) {
    const known = Object.hasOwn(vocabulary, resource) ? (vocabulary[resource] as readonly string[]) : null;
    if (!known)
      throw new Problem("body-invalid", `${member} has no resource "${resource}"; it may hold ${Object.keys(vocabulary).join(", ")}`);
    if (actions === null || actions === undefined) continue;
    if (!Array.isArray(actions)) throw new Problem("body-invalid", `${member}.${resource} must be an array of ${known.join(", ")}`);
    for (const action of actions) {
      if (!known.includes(action))
        throw new Problem("body-invalid", `${member}.${resource} has no action ${JSON.stringify(action)}; it may hold ${known.join(", ")}`);
      capabilities.push(`${resource}:${action}`);
    }
  }
  return [...new Set(capabilities)];
}

function entriesOf(member: string, value: unknown): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object" || Array.isArray(value)) throw new Problem("body-invalid", `${member} must be an object`);
  return Object.entries(value);
}

/** Everything there is: what an owner may do. */
export function everything(): Grant {
  const all = (vocabulary: Vocabulary) =>
    Object.entries(vocabulary).flatMap(([resource, actions]) => actions.map((action) => `${resource}:${action}`));
  return {
    datasets: { [EVERY]: all(DATASET_VOCABULARY) },
    org: all(ORG_VOCABULARY),
    views: { [EVERY]: all(VIEW_VOCABULARY) },
    expiresAt: null,
  };
}
