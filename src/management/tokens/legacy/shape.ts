/**
 * Tokens as Axiom's first API had them: what they may do is a list of datasets and a list of permissions, each of which holds on all of
 * the datasets.
 */
import * as v from "valibot";
import { type Capability, EVERY } from "../../../access/capability.ts";
import { Problem } from "../../../problem.ts";
import type { Capabilities } from "../../capabilities.ts";
import { Description, Name } from "../../request.ts";
import { type Expiry, readFutureExpiry } from "../expiry.ts";

/** The two kinds that belong to an organisation. */
export type LegacyKind = "api" | "ingest";

export const PERMISSIONS: Record<string, Capability> = { CanIngest: "ingest:create", CanQuery: "query:read" };

export const LegacyMembers = {
  name: Name,
  description: Description,
  /** Names of datasets, or `*`. */
  scopes: v.array(v.string()),
  permissions: v.nullish(v.array(v.string())),
  expiresAt: v.nullish(v.string()),
};

export const NewLegacyToken = v.strictObject(LegacyMembers);
export type NewLegacyToken = v.InferOutput<typeof NewLegacyToken>;

export interface LegacyToken {
  id: string;
  kind: LegacyKind;
  name: string;
  description: string;
  capabilities: Capabilities;
  expiresText: string | null;
}

export type LegacyDraft = Omit<LegacyToken, "id"> & { expiry: Expiry };

/**
 * Reads a request. Does not check that the caller may grant it.
 * @param ids of the datasets that the caller may know of, by name.
 * @throws Problem `body-invalid` naming the scope or permission that there is not, `capability-missing`.
 */
export function legacyDraft(kind: LegacyKind, request: NewLegacyToken, ids: ReadonlyMap<string, string>, now: number): LegacyDraft {
  const { name, description, scopes, permissions, expiresAt } = request;
  const held = [...new Set(kind === "ingest" ? ingestOnly(permissions ?? []) : (permissions ?? []).map(capabilityOf))];
  if (held.length === 0 || scopes.length === 0)
    throw new Problem("capability-missing", 'at least one capability must be set, for example scopes: ["*"], permissions: ["CanIngest"]');
  const datasets = Object.fromEntries(scopes.map((scope) => [datasetId(scope, ids), held]));
  const expiry = readFutureExpiry("expiresAt", expiresAt, now);
  return {
    ...{ kind, name, description: description ?? "", capabilities: { datasets, org: [], views: {} } },
    ...{ expiry, expiresText: expiry.text },
  };
}

function ingestOnly(permissions: string[]): Capability[] {
  const other = permissions.find((permission) => permission !== "CanIngest");
  if (other) throw new Problem("body-invalid", `permissions of an ingest token are CanIngest and no other; for ${other} make an API token`);
  return ["ingest:create"];
}

function capabilityOf(permission: string): Capability {
  const capability = Object.hasOwn(PERMISSIONS, permission) ? PERMISSIONS[permission] : undefined;
  if (capability) return capability;
  throw new Problem("body-invalid", `permissions has ${JSON.stringify(permission)}; there is ${Object.keys(PERMISSIONS).join(" and ")}`);
}

function datasetId(scope: string, ids: ReadonlyMap<string, string>): string {
  const id = scope === EVERY ? EVERY : ids.get(scope);
  if (id) return id;
  throw new Problem(
    "body-invalid",
    `scopes names the dataset ${JSON.stringify(scope)}, which does not exist; create it at POST /v2/datasets, or correct the name`,
  );
}

/** Without its secret. What the two permissions cannot say of an API token is left out, and so are datasets that were deleted. */
export function viewLegacyToken({ id, name, description, capabilities, expiresText }: LegacyToken, names: ReadonlyMap<string, string>) {
  const known = Object.values(PERMISSIONS);
  const entries = Object.entries(capabilities.datasets).filter(([, held]) => held.some((one) => known.includes(one)));
  const scopes = entries.flatMap(([scope]) => (scope === EVERY ? scope : (names.get(scope) ?? [])));
  const held = new Set(entries.flatMap(([, capability]) => capability));
  const permissions = Object.keys(PERMISSIONS).filter((permission) => held.has(PERMISSIONS[permission] ?? ""));
  return { id, name, description, scopes, permissions, ...(expiresText !== null && { expiresAt: expiresText }) };
}
