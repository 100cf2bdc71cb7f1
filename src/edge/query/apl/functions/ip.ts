/** IP addresses. What is no address gives null. Networks are written 10.0.0.0/8; an address with a prefix stands for its network. */
import type { Value } from "../value.ts";
import { firstBits, type Ipv4Network, inIpv4Network, masked, printIpv4, readIpv4, readIpv4Network, readIpv6Network } from "./address.ts";
import { define, printed, type ScalarFunction, variadic } from "./define.ts";

const NETWORKS_MAX = 1000;
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(readIpv4Network).filter((network) => network !== null);

/** Most queries ask about a few networks for many rows: the last one asked about is kept. */
function lastRead<T>(reader: (text: string) => T): (text: string) => T {
  let last: string | null = null;
  let value: T | null = null;
  return (text) => {
    if (text === last && value !== null) return value;
    last = text;
    value = reader(text);
    return value;
  };
}

const networkOf = lastRead(readIpv4Network);

function compareIpv4(a: string, b: string, prefix = 32): number | null {
  const [left, right] = [readIpv4Network(a), networkOf(b)];
  if (left === null || right === null || prefix < 0 || prefix > 32) return null;
  const bits = Math.min(left.prefix, right.prefix, prefix);
  return Math.sign(masked(left.address, bits) - masked(right.address, bits));
}

function compareIpv6(a: string, b: string, prefix = 128): number | null {
  const [left, right] = [readIpv6Network(a), readIpv6Network(b)];
  if (left === null || right === null || prefix < 0 || prefix > 128) return null;
  const bits = Math.min(left.prefix, right.prefix, prefix);
  const [x, y] = [firstBits(left.bits, bits), firstBits(right.bits, bits)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function matches(compare: (a: string, b: string, prefix?: number) => number | null) {
  return (a: string, b: string, prefix?: number) => {
    const order = compare(a, b, prefix);
    return order === null ? null : order === 0;
  };
}

function isInRange(address: string, range: string): boolean | null {
  const [bits, network] = [readIpv4(address), networkOf(range)];
  return bits === null || network === null ? null : inIpv4Network(bits, network);
}

function isInRange6(address: string, range: string): boolean | null {
  const [of, network] = [readIpv6Network(address), readIpv6Network(range)];
  return of === null || network === null ? null : firstBits(of.bits, network.prefix) === firstBits(network.bits, network.prefix);
}

/** Ranges one by one, or an array of them. */
function inAny(doc: string, isIn: (address: string, range: string) => boolean | null): ScalarFunction {
  return variadic(doc, "any", [2, NETWORKS_MAX], "bool", ([address, ...ranges]) => {
    if (typeof address !== "string") return null;
    return textsIn(ranges).some((range) => isIn(address, range) === true);
  });
}

function textsIn(values: readonly Value[]): readonly string[] {
  return values.flatMap((one) => (Array.isArray(one) ? (one as Value[]) : [one])).filter((one) => typeof one === "string");
}

/** Addresses in a text; what stands around one is neither part of a number nor of a longer chain. */
function addressesIn(text: string): readonly string[] {
  return text.match(/(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)/g) ?? [];
}

function hasAddress(text: string, wanted: readonly string[]): boolean {
  const found = addressesIn(text);
  return wanted.some((one) => readIpv4(one) !== null && found.includes(one));
}

/** A prefix ends with a dot, or is a whole address. */
function hasPrefix(text: string, wanted: readonly string[]): boolean {
  const fits = (address: string, prefix: string) => (prefix.endsWith(".") ? address.startsWith(prefix) : address === prefix);
  return addressesIn(text).some((one) => readIpv4(one) !== null && wanted.some((prefix) => fits(one, prefix)));
}

function hasAny(doc: string, has: (text: string, wanted: readonly string[]) => boolean): ScalarFunction {
  return variadic(doc, "any", [2, NETWORKS_MAX], "bool", ([text, ...wanted]) =>
    typeof text === "string" ? has(text, textsIn(wanted)) : null,
  );
}

function networkNumber(text: string, prefix?: number): number | null {
  const network = readIpv4Network(text);
  if (network === null || (prefix !== undefined && (prefix < 0 || prefix > 32))) return null;
  return masked(network.address, Math.min(network.prefix, prefix ?? 32));
}

function network(value: Value, prefix: number | undefined): Ipv4Network | null {
  const address = typeof value === "number" ? value : typeof value === "string" ? networkNumber(value) : null;
  const whole = address !== null && Number.isInteger(address) && address >= 0 && address < 2 ** 32;
  const given = prefix ?? (typeof value === "string" ? readIpv4Network(printed(value))?.prefix : undefined) ?? 32;
  return whole && given >= 0 && given <= 32 ? { address: masked(address, given), prefix: given } : null;
}

export const IP_FUNCTIONS: Record<string, ScalarFunction> = {
  ipv4_compare: define("-1, 0 or 1: (address, address, prefix).", ["text", "text", "whole?"], "long", compareIpv4),
  ipv4_is_match: define(
    "Whether two addresses agree: (address, address, prefix).",
    ["text", "text", "whole?"],
    "bool",
    matches(compareIpv4),
  ),
  ipv4_is_in_range: define("Whether an address is in a network.", ["text", "text"], "bool", isInRange),
  ipv4_is_in_any_range: inAny("Whether an address is in one of networks.", isInRange),
  ipv4_is_private: define("Whether an address is of a private network (RFC 1918).", ["text"], "bool", (text) => {
    const of = readIpv4Network(text);
    return of === null ? null : PRIVATE.some((one) => of.prefix >= one.prefix && inIpv4Network(of.address, one));
  }),
  ipv4_netmask_suffix: define("The length of a network's prefix.", ["text"], "long", (text) => readIpv4Network(text)?.prefix ?? null),
  parse_ipv4: define("An address as a number.", ["text"], "long", (text) => networkNumber(text)),
  parse_ipv4_mask: define("The network of an address as a number: (address, prefix).", ["text", "whole"], "long", networkNumber),
  format_ipv4: define(
    "The address of a number or text, of its first bits only: (address, prefix).",
    ["any", "whole?"],
    "string",
    (value, prefix) => {
      const of = network(value, prefix);
      return of === null ? "" : printIpv4(of.address);
    },
  ),
  format_ipv4_mask: define("The network of a number or text: (address, prefix).", ["any", "whole?"], "string", (value, prefix) => {
    const of = network(value, prefix);
    return of === null ? "" : `${printIpv4(of.address)}/${of.prefix}`;
  }),
  has_ipv4: define("Whether an address stands in a text.", ["text", "text"], "bool", (text, address) => hasAddress(text, [address])),
  has_ipv4_prefix: define("Whether an address that begins so stands in a text.", ["text", "text"], "bool", (text, prefix) =>
    hasPrefix(text, [prefix]),
  ),
  has_any_ipv4: hasAny("Whether one of addresses stands in a text.", hasAddress),
  has_any_ipv4_prefix: hasAny("Whether an address that begins in one of ways stands in a text.", hasPrefix),
  ipv6_compare: define("-1, 0 or 1: (address, address, prefix).", ["text", "text", "whole?"], "long", compareIpv6),
  ipv6_is_match: define(
    "Whether two addresses agree: (address, address, prefix).",
    ["text", "text", "whole?"],
    "bool",
    matches(compareIpv6),
  ),
  ipv6_is_in_range: define("Whether an address is in a network.", ["text", "text"], "bool", isInRange6),
  ipv6_is_in_any_range: inAny("Whether an address is in one of networks.", isInRange6),
};
