/** Capabilities as requests and answers have them, datasets by name; they are kept by id, which no later dataset ever has. */
import { type Capability, type CapabilityMembers, EVERY, type Grant, readGrant } from "../access/capability.ts";
import { Problem } from "../problem.ts";

/** What a token or role may do, datasets by id. */
export type Capabilities = Omit<Grant, "expiresAt">;

/**
 * Does not check that the caller may grant them.
 * @throws Problem `body-invalid` naming the member, the vocabulary or the dataset that is missing; `capability-missing`.
 */
export function readCapabilities(members: CapabilityMembers, datasetIds: ReadonlyMap<string, string>): Capabilities {
  const { datasets, org, views } = readGrant(members, null);
  const byId = Object.entries(datasets).map(([name, held]) => {
    const id = name === EVERY ? EVERY : datasetIds.get(name);
    if (!id)
      throw new Problem(
        "body-invalid",
        `datasetCapabilities names the dataset ${JSON.stringify(name)}, which does not exist; create it at POST /v2/datasets, or correct the name`,
      );
    return [id, held] as const;
  });
  return { datasets: Object.fromEntries(byId), org, views };
}

/**
 * Datasets without a name are left out. Those that were deleted allow nothing any more, whatever is later made under the old name;
 * those that the reader may not see are none of the reader's business.
 * @param datasetNames by id.
 */
export function viewCapabilities({ datasets, org, views }: Capabilities, datasetNames: ReadonlyMap<string, string>) {
  const named = Object.entries(datasets).flatMap(([scope, held]) => {
    const label = scope === EVERY ? scope : datasetNames.get(scope);
    return label === undefined ? [] : [[label, actionsOf(held)] as const];
  });
  return {
    datasetCapabilities: Object.fromEntries(named),
    orgCapabilities: actionsOf(org),
    viewCapabilities: Object.fromEntries(Object.entries(views).map(([scope, held]) => [scope, actionsOf(held)] as const)),
  };
}

/** `["query:read"]` becomes `{"query": ["read"]}`. */
function actionsOf(capabilities: Capability[]): Record<string, string[]> {
  const actions: Record<string, string[]> = {};
  for (const capability of capabilities) {
    const [resource = "", action = ""] = capability.split(":");
    actions[resource] = [...(actions[resource] ?? []), action];
  }
  return actions;
}
