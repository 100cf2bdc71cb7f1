import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { addressBytes, sharePrefix } from "../../src/access/address.ts";

const octets = (length: number) => fc.array(fc.nat(255), { minLength: length, maxLength: length });

describe("an address", () => {
  it("is read as a library reads what it writes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          octets(4),
          octets(16),
          fc.tuple(fc.constantFrom(0, 0xff), octets(16)).map(([fill, one]) => one.map((byte, index) => (index < 12 ? fill : byte))),
        ),
        (bytes) => {
          const address = ipaddr.fromByteArray([...bytes]);
          const expected = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
          for (const text of [address.toString(), address.toNormalizedString(), address.toString().toUpperCase()])
            expect(addressBytes(text)).toEqual(expected.toByteArray());
        },
      ),
    );
  });

  it.each([
    ["::", Array(16).fill(0)],
    ["::1", [...Array(15).fill(0), 1]],
    ["1::", [0, 1, ...Array(14).fill(0)]],
    ["1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ["::ffff:203.0.113.7", [203, 0, 113, 7]],
    ["::ffff:cb00:7107", [203, 0, 113, 7]],
    ["64:ff9b::203.0.113.7", [0, 0x64, 0xff, 0x9b, ...Array(8).fill(0), 203, 0, 113, 7]],
  ])("may be written %s", (text, bytes) => {
    expect(addressBytes(text)).toEqual(bytes);
  });

  it.each([
    ..."|1|1.2.3|1.2.3.4.5|01.2.3.4|256.1.1.1|0x7f.1.1.1|1.2.3.4 | 1.2.3.4|1.2.3.|127.1|2130706433|1.2.3.4/32".split("|"),
    ..."|:|:::|1:::2|::1::2|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1:2:3:4:5:6:7:8::|12345::|g::|fe80::1%eth0|::1.2.3|::01.2.3.4|1.2.3.4::|[::1]|1:2:3:4:5:6:7:1.2.3.4".split(
      "|",
    ),
    `${"0".repeat(60)}::1`,
    "１.2.3.4",
  ])("is not %j", (text) => {
    expect(addressBytes(text)).toBeNull();
  });

  it("lies in a network as a library says", () => {
    const pair = fc.constantFrom(4, 16).chain((length) => fc.tuple(octets(length), octets(length), fc.nat(length * 8), fc.boolean()));
    fc.assert(
      fc.property(pair, ([base, other, prefix, near]) => {
        const address = near ? base.map((byte, index) => (index * 8 < prefix - 8 ? byte : (other[index] as number))) : other;
        const expected = (ipaddr.fromByteArray([...address]) as ipaddr.IPv6).match(ipaddr.fromByteArray([...base]) as ipaddr.IPv6, prefix);
        expect(sharePrefix(base, address, prefix)).toBe(expected);
      }),
    );
    expect(sharePrefix([0, 0, 0, 0], Array(16).fill(0), 0)).toBe(false);
  });
});
