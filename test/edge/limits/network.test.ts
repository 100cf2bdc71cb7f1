import { beforeEach, describe, expect, it } from "vitest";
import { HERE, type Organisation, organisation, post, send, token } from "../gateway.ts";

let org: Organisation;

beforeEach(async () => {
  org = await organisation({ logs: HERE });
});

const HOME = "203.0.113.7";
const HOME_MAPPED = "::ffff:203.0.113.7";
const AWAY = "198.51.100.1";

/** What a token of these networks is answered, with these headers. */
async function answer(networks: string[] | undefined, headers: Record<string, string>) {
  const secret = await token(org, { logs: ["ingest:create", "query:read"] }, networks && { networks });
  const response = await post("/v1/ingest/logs", '{"a":1}', { token: secret, headers });
  const { type } = (await response.json()) as { type?: string };
  return `${response.status} ${type?.replace("urn:headgate:problem:", "") ?? ""}`.trim();
}

describe("91 a token with networks", () => {
  it.each<[string, string[] | undefined, Record<string, string>, string]>([
    ["from inside", [HOME], { "cf-connecting-ip": HOME }, "200"],
    ["from outside", [HOME], { "cf-connecting-ip": AWAY }, "403 address-not-allowed"],
    ["from nowhere", [HOME], {}, "403 address-not-allowed"],
    ["from nowhere, where all is allowed", ["0.0.0.0/0", "::/0"], {}, "403 address-not-allowed"],
    ["from a text that is no address", ["0.0.0.0/0", "::/0"], { "cf-connecting-ip": "home" }, "403 address-not-allowed"],
    ["from two addresses", [HOME], { "cf-connecting-ip": `${HOME}, ${AWAY}` }, "403 address-not-allowed"],
    ["inside IPv6", ["203.0.113.0/24"], { "cf-connecting-ip": HOME_MAPPED }, "200"],
    ["inside IPv6, from outside", ["203.0.113.0/24"], { "cf-connecting-ip": "::ffff:198.51.100.1" }, "403 address-not-allowed"],
    ["of all IPv4", ["0.0.0.0/0"], { "cf-connecting-ip": AWAY }, "200"],
    ["of all IPv4, from IPv6", ["0.0.0.0/0"], { "cf-connecting-ip": "2001:db8::1" }, "403 address-not-allowed"],
    ["of no network", [], { "cf-connecting-ip": HOME }, "403 address-not-allowed"],
    ["that has none, from nowhere", undefined, {}, "200"],
  ])("%s", async (_name, networks, headers, expected) => {
    expect(await answer(networks, headers)).toBe(expected);
  });

  it.each("X-Forwarded-For True-Client-IP X-Real-IP Forwarded X-Client-IP CF-Connecting-IPv6 CF-Pseudo-IPv4 X-CF-Connecting-IP".split(" "))(
    "a spoofed %s neither lets in nor shuts out",
    async (name) => {
      const spoof = (ip: string) => ({ [name]: name === "Forwarded" ? `for=${ip}` : ip });
      expect(await answer([HOME], { ...spoof(HOME), "cf-connecting-ip": AWAY })).toBe("403 address-not-allowed");
      expect(await answer([HOME], spoof(HOME))).toBe("403 address-not-allowed");
      expect(await answer([HOME], { ...spoof(AWAY), "cf-connecting-ip": HOME })).toBe("200");
    },
  );

  it("is judged on every request and every route, whatever memory holds of it", async () => {
    const secret = await token(org, { logs: ["ingest:create", "query:read"] }, { networks: [HOME] });
    for (const [ip, status] of [...Array(3)].flatMap(() => [[HOME, 200] as const, [AWAY, 403] as const]))
      for (const path of ["/v1/datasets/logs/stats", "/v1/datasets/logs/segments"])
        expect((await send(path, { token: secret, headers: { "cf-connecting-ip": ip } })).status).toBe(status);
    const replay = "/v1/datasets/logs/quarantine/none/replay";
    const answers = [HOME, AWAY].map((ip) => post(replay, "", { token: secret, headers: { "cf-connecting-ip": ip } }));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 403]);
  });

  it("tells who is refused where they come from, and nothing of the networks or limits", async () => {
    const secret = await token(org, { logs: ["ingest:create"] }, { networks: ["10.9.8.0/24"], limits: { requestsPerSecond: 5 } });
    const response = await post("/v1/ingest/logs", "{}", { token: secret, headers: { "cf-connecting-ip": AWAY } });
    const text = await response.text();
    expect(text).toContain(AWAY);
    expect(text).not.toContain("10.9.8");
    expect([...response.headers.keys()].filter((name) => name.includes("limit"))).toEqual([]);
  });
});
