import { describe, expect, it } from "vitest";
import { inNetworks } from "../../src/access/network.ts";
import { NETWORKS_MAX, readNetworks } from "../../src/access/network-list.ts";
import { Problem } from "../../src/problem.ts";

function refusalOf(value: unknown): string {
  try {
    return JSON.stringify(readNetworks(value));
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return `${thrown.reason}: ${thrown.message}`;
  }
}

describe("networks as an owner writes them", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7/32", "203.0.113.7"],
    ["203.0.113.0/24", "203.0.113.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::/0", "::/0"],
    ["2001:DB8:0:0:0:0:0:0/32", "2001:db8::/32"],
    ["2001:db8::7", "2001:db8::7"],
    ["2001:db8::7/128", "2001:db8::7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["::ffff:203.0.113.0/120", "203.0.113.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
  ])("have one spelling: %s is %s", (written, kept) => {
    expect(readNetworks([written])).toEqual([kept]);
  });

  it("are kept in their order, and once", () => {
    expect(readNetworks(["10.0.0.0/8", "::1", "10.0.0.0/8", "0:0:0:0:0:0:0:1/128"])).toEqual(["10.0.0.0/8", "::1"]);
  });

  it.each([
    ["203.0.113.7/24", 'write "203.0.113.0/24" for the network, or "203.0.113.7" for that address alone'],
    ["10.1.0.0/15", 'write "10.0.0.0/15"'],
    ["2001:db8::1/33", 'write "2001:db8::/33"'],
    ["::ffff:203.0.113.7/120", 'write "203.0.113.0/24"'],
  ])("may have no bits beyond the prefix: %s", (written, fix) => {
    expect(refusalOf(["::1", written])).toContain("body-invalid: networks[1] has bits beyond its prefix");
    expect(refusalOf(["::1", written])).toContain(fix);
  });

  it.each([
    ...["", " ", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "10.0.0.0 /8"],
    ...["10", "10.1", "0x0a.0.0.1", "010.0.0.1", "10.0.0.256", "10.0.0.1.2", "１０.0.0.1", "localhost", "*"],
    ...["::/129", "fe80::1%eth0", ":::", "1:2:3", "::ffff:010.0.0.1", "::ffff:0x0a.0.0.1", "::ffff:10.0.0.0/95", "[::1]", "::1::"],
    ...[7, null, {}, ["::1"], undefined, "1".repeat(100_000)],
  ])("are refused when they are none: %j", (written) => {
    expect(refusalOf([written])).toMatch(/^body-invalid: networks\[0\] must be an IPv4 or IPv6 address, or a network such as/);
    expect(refusalOf([written]).length).toBeLessThan(400);
  });

  it.each<[unknown, string]>([
    [undefined, "nothing"],
    [7, "7"],
    ["x", '"x"'],
    ["x".repeat(65), `"${"x".repeat(64)}"`],
  ])("are told back when they are refused, so far as that is short: %j", (written, told) => {
    expect(refusalOf([written]).endsWith(`, not ${told}`)).toBe(true);
  });

  it.each([undefined, null, "10.0.0.0/8", {}, [], Array(NETWORKS_MAX + 1).fill("::1")])("are 1 to 50 in an array, not %j", (value) => {
    expect(refusalOf(value)).toMatch(/^body-invalid: networks must be an array of 1 to 50 .*leave it out to allow any address/);
  });

  it("are named by their place in the request", () => {
    expect(() => readNetworks(["x"], "newToken.networks")).toThrow("newToken.networks[0]");
    expect(readNetworks(Array.from({ length: NETWORKS_MAX }, (_, n) => `10.0.0.${n}`))).toHaveLength(NETWORKS_MAX);
  });
});

describe("an address", () => {
  it.each<[string[], string | null, boolean]>([
    [["203.0.113.0/24"], "203.0.113.255", true],
    [["203.0.113.0/24"], "203.0.114.0", false],
    [["203.0.113.0/25"], "203.0.113.128", false],
    [["203.0.113.7"], "203.0.113.7", true],
    [["203.0.113.7"], "203.0.113.70", false],
    [["10.0.0.0/8", "203.0.113.7"], "203.0.113.7", true],
    // mapped
    [["203.0.113.0/24"], "::ffff:203.0.113.9", true],
    [["203.0.113.0/24"], "::FFFF:cb00:7109", true],
    [["203.0.113.0/24"], "::ffff:203.0.114.9", false],
    [["203.0.113.0/24"], "64:ff9b::203.0.113.9", false],
    // IPv6
    [["2001:db8::/32"], "2001:DB8:ffff::1", true],
    [["2001:db8::/32"], "2001:db9::", false],
    [["2001:db8::7"], "2001:0db8:0:0:0:0:0:7", true],
    [["2001:db8::/127"], "2001:db8::2", false],
    // everything, of one family
    [["0.0.0.0/0"], "198.51.100.1", true],
    [["0.0.0.0/0"], "::ffff:198.51.100.1", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["::/0"], "2001:db8::1", true],
    [["::/0"], "198.51.100.1", false],
    [["::/0"], "::ffff:198.51.100.1", false],
    // nothing that can be told
    [["0.0.0.0/0", "::/0"], null, false],
    [["0.0.0.0/0", "::/0"], "", false],
    [["0.0.0.0/0", "::/0"], "unknown", false],
    [["0.0.0.0/0", "::/0"], "198.51.100.1, 203.0.113.7", false],
    [["0.0.0.0/0", "::/0"], "198.51.100.1:443", false],
    [["0.0.0.0/0", "::/0"], " 198.51.100.1", false],
    [["0.0.0.0/0", "::/0"], "0x7f.1", false],
    [["0.0.0.0/0", "::/0"], "3325256705", false],
    [["0.0.0.0/0", "::/0"], "fe80::1%eth0", false],
    [["0.0.0.0/0", "::/0"], "1".repeat(100_000), false],
    [[], "198.51.100.1", false],
    [["not a network"], "198.51.100.1", false],
    [["not a network", "198.51.100.1"], "198.51.100.1", true],
  ])("of %j: %s is %s", (networks, ip, inside) => {
    expect(inNetworks(networks, ip)).toBe(inside);
  });

  it("is in no network that is not even a text", () => {
    expect(inNetworks([7, null, "198.51.100.1"] as unknown as string[], "198.51.100.2")).toBe(false);
  });

  it("is judged by the list it is given, which is parsed once", () => {
    const list = ["203.0.113.0/24"];
    expect(inNetworks(list, "203.0.113.7")).toBe(true);
    list[0] = "198.51.100.0/24";
    expect(inNetworks(list, "203.0.113.7")).toBe(true);
    expect(inNetworks([...list], "203.0.113.7")).toBe(false);
  });
});
