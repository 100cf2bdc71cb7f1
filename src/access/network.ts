/**
 * Networks that a token may be used from. Read strictly where an owner writes them, because a network that is read otherwise than it
 * was meant lets strangers in: no octal, hexadecimal or shortened IPv4, no zones, and no bits beyond the prefix.
 *
 * An IPv4 address inside IPv6 (`::ffff:203.0.113.7`) is that IPv4 address, in networks and in requests. A network holds addresses of
 * its own family only: `0.0.0.0/0` is all of IPv4 and nothing of IPv6.
 */
import ipaddr from "ipaddr.js";
import { Problem } from "../problem.ts";

/** Each request of the token is compared with all of them. */
export const NETWORKS_MAX = 50;
/** Characters: an IPv6 address with an IPv4 tail and a prefix has 49. */
const NETWORK_LENGTH_MAX = 64;

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [address: Address, prefix: number];

/** A list is parsed once, however many requests it judges. */
const parsed = new WeakMap<readonly string[], Network[]>();

/**
 * What an owner wrote, in one spelling each: lower case, shortest IPv6, IPv4 out of its IPv6 form, no prefix for a single address,
 * nothing twice.
 * @param member its place in the request, for the refusal.
 * @throws Problem `body-invalid` naming the entry and how to write it. An empty list is refused: it would shut everybody out.
 */
export function readNetworks(value: unknown, member = "networks"): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > NETWORKS_MAX)
    throw new Problem(
      "body-invalid",
      `${member} must be an array of 1 to ${NETWORKS_MAX} addresses or networks, such as "203.0.113.0/24"; leave it out to allow any address`,
    );
  return [...new Set(value.map((entry, index) => canonical(entry, `${member}[${index}]`)))];
}

/**
 * Whether an address is in one of the networks. False for an address that is missing or cannot be read, for an empty list, and for a
 * network that cannot be read. Does not check where the address comes from: only what the platform itself says may be given here.
 */
export function inNetworks(networks: readonly string[], ip: string | null): boolean {
  const address = ip === null ? null : addressOf(ip);
  if (address === null) return false;
  return parsedOnce(networks).some(([base, prefix]) => holds(base, prefix, address));
}

function holds(base: Address, prefix: number, address: Address): boolean {
  return base.kind() === address.kind() && address.match([base, prefix]);
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

function canonical(entry: unknown, member: string): string {
  const network = typeof entry === "string" ? networkOf(entry) : null;
  if (!network)
    throw new Problem(
      "body-invalid",
      `${member} must be an IPv4 or IPv6 address, or a network such as "203.0.113.0/24" or "2001:db8::/32" (decimal IPv4, no zone; IPv4 networks inside IPv6 from /96 on), not ${shown(entry)}`,
    );
  const [address, prefix] = network;
  const base = baseOf(address, prefix);
  if (base.toString() !== address.toString())
    throw new Problem(
      "body-invalid",
      `${member} has bits beyond its prefix; write "${base}/${prefix}" for the network, or "${address}" for that address alone`,
    );
  return prefix === bitsOf(address) ? address.toString() : `${address}/${prefix}`;
}

function shown(entry: unknown): string {
  return JSON.stringify(typeof entry === "string" ? entry.slice(0, NETWORK_LENGTH_MAX) : entry) ?? "nothing";
}

/** Null for what is no network. Bits beyond the prefix stay. */
function networkOf(text: string): Network | null {
  if (typeof text !== "string" || text.length > NETWORK_LENGTH_MAX) return null;
  const [head = "", tail, ...more] = text.split("/");
  const address = addressOf(head);
  if (!address || more.length > 0) return null;
  if (tail === undefined) return [address, bitsOf(address)];
  if (!/^(0|[1-9]\d{0,2})$/.test(tail)) return null;
  // the prefix of a mapped address was counted in IPv6
  const prefix = Number(tail) - (address.kind() === "ipv4" && head.includes(":") ? 96 : 0);
  return prefix >= 0 && prefix <= bitsOf(address) ? [address, prefix] : null;
}

function addressOf(text: string): Address | null {
  if (text.length > NETWORK_LENGTH_MAX) return null;
  if (!text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null;
  const dotted = text.includes(".") ? text.slice(text.lastIndexOf(":") + 1) : null;
  if (text.includes("%") || !ipaddr.IPv6.isValid(text) || (dotted && !ipaddr.IPv4.isValidFourPartDecimal(dotted))) return null;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function bitsOf(address: Address): number {
  return address.kind() === "ipv4" ? 32 : 128;
}

function baseOf(address: Address, prefix: number): Address {
  const bytes = address.toByteArray().map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
  return ipaddr.fromByteArray(bytes);
}
