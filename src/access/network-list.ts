/** Networks of a token as an owner writes them: read strictly, because one that is read otherwise than it was meant lets strangers in. */
import ipaddr from "ipaddr.js";
import { Problem } from "../problem.ts";
import { networkOf } from "./network.ts";

/** Each request of the token is compared with all of them. */
export const NETWORKS_MAX = 50;
/** Characters: an IPv6 address with an IPv4 tail and a prefix has 49. */
const NETWORK_LENGTH_MAX = 64;

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

function canonical(entry: unknown, member: string): string {
  const network = typeof entry === "string" && entry.length <= NETWORK_LENGTH_MAX ? networkOf(entry) : null;
  if (!network)
    throw new Problem(
      "body-invalid",
      `${member} must be an IPv4 or IPv6 address, or a network such as "203.0.113.0/24" or "2001:db8::/32" (decimal IPv4, no zone; IPv4 networks inside IPv6 from /96 on), not ${shown(entry)}`,
    );
  const [bytes, prefix] = network;
  const [address, base] = [textOf(bytes), textOf(baseOf(bytes, prefix))];
  if (base !== address)
    throw new Problem(
      "body-invalid",
      `${member} has bits beyond its prefix; write "${base}/${prefix}" for the network, or "${address}" for that address alone`,
    );
  return prefix === bytes.length * 8 ? address : `${address}/${prefix}`;
}

function shown(entry: unknown): string {
  return JSON.stringify(typeof entry === "string" ? entry.slice(0, NETWORK_LENGTH_MAX) : entry) ?? "nothing";
}

/** The address of a network without the bits beyond its prefix. */
function baseOf(bytes: readonly number[], prefix: number): number[] {
  return bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
}

/** In its one spelling (RFC 5952). */
function textOf(bytes: readonly number[]): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}
