import { describe, expect, it } from "vitest";
import { exchangeTrusted, FetchFailure, fetchTrusted, trustedUrlFault } from "../../src/access/workload/fetch-trusted.ts";
import { json, openTestServer } from "./server.ts";

const HERE = { fetch, allowInsecure: true };

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof FetchFailure ? error.message : `not a FetchFailure: ${error}`;
  }
}

describe("an address that is trusted", () => {
  it.each(["https://id.example.com", "https://id.example.com:8443/realms/a?b=c", "https://login.example.co.uk/"])("may be %s", (url) => {
    expect(trustedUrlFault(url, false)).toBeNull();
  });

  it.each([
    "http://id.example.com",
    "ftp://id.example.com",
    "file:///etc/passwd",
    "//id.example.com",
    "id.example.com",
    "https://user@id.example.com",
    "https://:secret@id.example.com",
    "https://id.example.com/#part",
    "https://169.254.169.254/latest",
    "https://10.0.0.1",
    "https://2852039166/",
    "https://0xa9.0xfe.0xa9.0xfe/",
    "https://127.1",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://localhost",
    "https://LOCALHOST./",
    "https://a.localhost",
    "https://metadata",
    "https://metadata.google.internal",
    "https://printer.local",
    "https://printer.local.",
    "https://router.home.arpa",
    "https://wiki.corp",
    `https://id.example.com/${"a".repeat(2_048)}`,
  ])("may not be %s", (url) => {
    expect(trustedUrlFault(url, false)).toMatch(/^(must|is)/);
  });

  it("may be loopback and plain HTTP for a machine's own tests, and nothing else more", () => {
    expect(trustedUrlFault("http://127.0.0.1:8080/x", true)).toBeNull();
    expect(trustedUrlFault("http://localhost:8080/x", true)).toBeNull();
    expect(trustedUrlFault("http://id.example.com", true)).toMatch(/https/);
    expect(trustedUrlFault("https://10.0.0.1", true)).toMatch(/IP address/);
  });
});

describe("fetchTrusted", () => {
  it("gives the whole answer", async () => {
    const server = await openTestServer(json({ keys: [] }));
    const response = await fetchTrusted(`${server.url}/jwks`, {}, HERE);
    expect([response.status, await response.json()]).toEqual([200, { keys: [] }]);
    expect(server.asked).toEqual(["/jwks"]);
  });

  it("sends nothing to an address that is not trusted", async () => {
    const server = await openTestServer(json({}));
    expect(await failureOf(fetchTrusted(server.url, {}, { fetch, allowInsecure: false }))).toMatch(/https/);
    expect(server.asked).toEqual([]);
  });

  it("follows no redirect, wherever it leads", async () => {
    const other = await openTestServer(json({}));
    const server = await openTestServer((_, response) => response.writeHead(302, { location: `${other.url}/there` }).end());
    for (const ask of [fetchTrusted, exchangeTrusted]) expect(await failureOf(ask(server.url, {}, HERE))).toMatch(/redirect/);
    expect(other.asked).toEqual([]);
  });

  it("stops at 256 KiB, however the body is framed", async () => {
    const body = JSON.stringify({ keys: [], padding: "x".repeat(300_000) });
    const server = await openTestServer(null);
    for (const headers of [{}, { "content-length": String(body.length) }]) {
      server.answer = (_, response) => response.writeHead(200, headers).end(body);
      expect(await failureOf(fetchTrusted(server.url, {}, HERE))).toMatch(/more than 262144 bytes/);
    }
  });

  it("gives answers with other statuses only to those who want them", async () => {
    const server = await openTestServer(json({ error: "invalid_grant" }, 400));
    expect(await failureOf(fetchTrusted(server.url, {}, HERE))).toMatch(/answered 400/);
    expect(await (await exchangeTrusted(server.url, { method: "POST", body: "a=b" }, HERE)).json()).toEqual({ error: "invalid_grant" });
  });

  it("fails in its own words when nobody listens, or the answer breaks off", async () => {
    const server = await openTestServer((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    expect(await failureOf(fetchTrusted(server.url, {}, HERE))).toMatch(/gave no answer$/);
    expect(await failureOf(fetchTrusted("http://127.0.0.1:1/", {}, HERE))).toMatch(/gave no answer$/);
  });

  it("waits five seconds for an answer", async () => {
    const server = await openTestServer(null);
    expect(await failureOf(fetchTrusted(server.url, {}, HERE))).toMatch(/within 5000 ms/);
  });
});
