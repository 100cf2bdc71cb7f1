import { describe, expect, it } from "vitest";
import {
  allows,
  organisationKey,
  organisationMap,
  permissionKey,
  permissionSet,
  readOrganisationMap,
  readPermissionSet,
  type Standing,
  standing,
} from "../../src/access/permission-set.ts";

const NOW = 1_000_000;

const set = permissionSet({ id: "t1", org: "o1", status: "active", expiresAt: null, datasets: { d1: ["ingest:create"] }, ver: 3 });
const map = organisationMap({ id: "o1", status: "active", datasets: { logs: { id: "d1", region: "r" } }, regions: {}, ver: 3 });

describe("a document as stored", () => {
  it("stands under its own kind of key", () => {
    expect(permissionKey("abc")).toBe("t:abc");
    expect(organisationKey("abc")).toBe("o:abc");
  });

  it("is read as it was written, in version 2", () => {
    expect([set.v, map.v]).toEqual([2, 2]);
    expect(readPermissionSet(JSON.parse(JSON.stringify(set)))).toEqual(set);
    expect(readOrganisationMap(JSON.parse(JSON.stringify(map)))).toEqual(map);
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["absent", undefined],
    ["a text", "t1"],
    ["a list", []],
    ["empty", {}],
    ["of an older version", { ...set, v: 1 }],
    ["of a newer version", { ...set, v: 3 }],
    ["of a version in words", { ...set, v: "2" }],
    ["without an organisation", { ...set, org: undefined }],
    ["without datasets", { ...set, datasets: undefined }],
    ["another document", map],
  ])("is no permission set when it is %s", (_, value) => {
    expect(readPermissionSet(value)).toBeNull();
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["absent", undefined],
    ["a text", "o1"],
    ["empty", {}],
    ["of an older version", { ...map, v: 1 }],
    ["of a newer version", { ...map, v: 3 }],
    ["without datasets", { ...map, datasets: undefined }],
    ["without regions", { ...map, regions: undefined }],
    ["another document", set],
  ])("is no organisation's map when it is %s", (_, value) => {
    expect(readOrganisationMap(value)).toBeNull();
  });
});

describe("the standing of a token", () => {
  it.each<[string, Parameters<typeof standing>[0], Standing]>([
    ["without times", { status: "active", expiresAt: null }, "live"],
    ["disabled", { status: "disabled", expiresAt: null }, "token-disabled"],
    ["revoked", { status: "revoked", expiresAt: null }, "token-revoked"],
    ["of a status that is not known here", { status: "paused" as "active", expiresAt: null }, "token-revoked"],
    ["revoked and long expired", { status: "revoked", expiresAt: 1 }, "token-revoked"],
    ["in its last millisecond", { status: "active", expiresAt: NOW + 1 }, "live"],
    ["at its end", { status: "active", expiresAt: NOW }, "token-expired"],
    ["that ended with the epoch", { status: "active", expiresAt: 0 }, "token-expired"],
    ["in the millisecond before its beginning", { status: "active", notBefore: NOW + 1, expiresAt: null }, "token-not-yet-valid"],
    ["at its beginning", { status: "active", notBefore: NOW, expiresAt: null }, "live"],
    ["that ends before it begins", { status: "active", notBefore: NOW + 1, expiresAt: NOW }, "token-not-yet-valid"],
  ])("%s", (_, token, expected) => {
    expect(standing(token, NOW)).toBe(expected);
  });
});

describe("what a token may do", () => {
  it.each<[Record<string, string[]>, string, string, boolean]>([
    [{ d1: ["ingest:create"] }, "ingest:create", "d1", true],
    [{ d1: ["ingest:create"] }, "ingest:create", "d2", false],
    [{ d1: ["ingest:create"] }, "query:read", "d1", false],
    [{ "*": ["ingest:create"] }, "ingest:create", "d2", true],
    [{ "*": ["query:read"], d1: ["ingest:create"] }, "query:read", "d1", true],
    [{ "*": ["query:read"], d1: ["ingest:create"] }, "ingest:create", "d2", false],
    [{ d1: [] }, "ingest:create", "d1", false],
    [{}, "ingest:create", "constructor", false],
    [{}, "ingest:create", "*", false],
    [{ d1: ["ingest:create"] }, "ingest:create", "*", false],
  ])("with %j, %s on %s: %s", (datasets, capability, dataset, allowed) => {
    expect(allows({ ...set, datasets }, capability, dataset)).toBe(allowed);
  });
});
