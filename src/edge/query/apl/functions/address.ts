/** IP addresses and networks, as numbers. Strict: four decimal numbers without leading zeros, RFC 4291 for IPv6. */
import ipaddr from "ipaddr.js";

export interface Network {
  /** The address, of 32 bits or 128. */
  readonly bits: bigint;
  readonly prefix: number;
}

/** Of an IPv4 address; null for anything else. Allocates nothing. */
export function readIpv4(text: string): number | null {
  let address = 0;
  let parts = 0;
  let part = -1;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      if (part === 0) return null;
      part = (part < 0 ? 0 : part) * 10 + (code - 48);
      if (part > 255) return null;
    } else if (code === 46 || at === text.length) {
      if (part < 0 || ++parts > 4) return null;
      address = address * 256 + part;
      part = -1;
    } else return null;
  }
  return parts === 4 ? address : null;
}

export function printIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

export interface Ipv4Network {
  readonly address: number;
  readonly prefix: number;
}

/** `10.0.0.0/8`, or an address alone, which is a network of its own. */
export function readIpv4Network(text: string): Ipv4Network | null {
  const slash = text.indexOf("/");
  const address = readIpv4(slash < 0 ? text : text.slice(0, slash));
  const prefix = slash < 0 ? 32 : prefixIn(text.slice(slash + 1), 32);
  return address === null || prefix === null ? null : { address, prefix };
}

function prefixIn(text: string, most: number): number | null {
  return /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : null;
}

/** The first bits of an address, the others 0. */
export function masked(address: number, prefix: number): number {
  return prefix === 0 ? 0 : address - (address % 2 ** (32 - Math.min(prefix, 32)));
}

export function inIpv4Network(address: number, { address: network, prefix }: Ipv4Network): boolean {
  return masked(address, prefix) === masked(network, prefix);
}

/** IPv6, with or without a prefix; an IPv4 one counts as the IPv6 one that it is mapped to. */
export function readIpv6Network(text: string): Network | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const v4 = readIpv4(address);
  if (v4 !== null) {
    const prefix = slash < 0 ? 32 : prefixIn(text.slice(slash + 1), 32);
    return prefix === null ? null : { bits: (0xffffn << 32n) | BigInt(v4), prefix: prefix + 96 };
  }
  // a zone, as in fe80::1%eth0, is of one machine only
  if (address.includes("%") || !ipaddr.IPv6.isValid(address)) return null;
  const prefix = slash < 0 ? 128 : prefixIn(text.slice(slash + 1), 128);
  if (prefix === null) return null;
  return { bits: ipaddr.IPv6.parse(address).parts.reduce((bits, part) => (bits << 16n) | BigInt(part), 0n), prefix };
}

export function firstBits(bits: bigint, prefix: number): bigint {
  return bits >> BigInt(128 - prefix);
}
