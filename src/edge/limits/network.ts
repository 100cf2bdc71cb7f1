import { inNetworks } from "../../access/network.ts";
import type { PermissionSet } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";

/**
 * @param ip where the platform says the request comes from. Not checked: a Worker of the same account that is bound to the edge, and a
 * runtime with no platform before it, can say what they like.
 * @throws Problem `address-not-allowed` from outside the token's networks, and where the address is not known.
 */
export function requireNetwork({ networks }: Pick<PermissionSet, "networks">, ip: string | null): void {
  if (networks === undefined || inNetworks(networks, ip)) return;
  throw new Problem("address-not-allowed", `the token may not be used from ${ip ?? "an unknown address"}; send from one of its networks`);
}
