/**
 * Networks that a token may be used from, as `readNetworks` has written them. A network holds addresses of its own family only:
 * `0.0.0.0/0` is all of IPv4 and nothing of IPv6.
 */
import { addressBytes, sharePrefix } from "./address.ts";

type Network = [base: number[], prefix: number];

/** A list is parsed once, however many requests it judges. */
const parsed = new WeakMap<readonly string[], Network[]>();

/**
 * Whether an address is in one of the networks. False for an address that is missing or cannot be read, for an empty list, and for a
 * network that cannot be read. Does not check where the address comes from: only what the platform itself says may be given here.
 */
export function inNetworks(networks: readonly string[], ip: string | null): boolean {
  const address = ip === null ? null : addressBytes(ip);
  if (address === null) return false;
  return parsedOnce(networks).some(([base, prefix]) => sharePrefix(base, address, prefix));
}

function parsedOnce(networks: readonly string[]): Network[] {
  let known = parsed.get(networks);
  if (!known) {
    known = networks.flatMap((text) => {
      const network = networkOf(text);
      return network ? [network] : [];
    });
    parsed.set(networks, known);
  }
  return known;
}

/** Null for what is no network. Bits beyond the prefix stay. */
export function networkOf(text: string): Network | null {
  if (typeof text !== "string") return null;
  const [head = "", tail, ...more] = text.split("/");
  const base = addressBytes(head);
  if (!base || more.length > 0) return null;
  const bits = base.length * 8;
  if (tail === undefined) return [base, bits];
  if (!/^(0|[1-9]\d{0,2})$/.test(tail)) return null;
  // the prefix of a mapped address was counted in IPv6
  const prefix = Number(tail) - (base.length === 4 && head.includes(":") ? 96 : 0);
  return prefix >= 0 && prefix <= bits ? [base, prefix] : null;
}
