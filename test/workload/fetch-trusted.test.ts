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

  it.each(["localhost", "local", "internal", "localdomain", "lan", "home", "corp", "intranet", "private", "arpa"])(
    "may not be a name under .%s, which leads nowhere in public",
    (suffix) => {
      for (const host of [`id.${suffix}`, `a.b.${suffix}.`, `id.${suffix.toUpperCase()}`])
        expect(trustedUrlFault(`https://${host}/`, false)).toBe("must name a host of the public Internet");
      expect(trustedUrlFault(`https://${suffix}.example/`, false)).toBeNull();
    },
  );

  it.each([
    ["id.example.com", "must be an absolute URL such as https://id.example.com"],
    ["https://user@id.example.com", "must hold no user and no password"],
    ["https://:secret@id.example.com", "must hold no user and no password"],
    ["https://id.example.com/#part", "must hold no #fragment"],
    ["http://id.example.com", "must begin with https://"],
    ["ftp://localhost", "must begin with https://"],
    ["https://[2001:db8::1]", "must name a host, not an IP address"],
    ["https://10.0.0.1.", "must name a host, not an IP address"],
    ["https://10.example.1a", "none"],
    ["https://metadata", "must name a host of the public Internet"],
  ])("is told what is wrong: %s %s", (url, fault) => {
    expect(trustedUrlFault(url, false) ?? "none").toBe(fault);
  });

  it("may have 2048 characters, and no more", () => {
    const url = (length: number) => "https://id.example.com/".padEnd(length, "a");
    expect(trustedUrlFault(url(2_048), false)).toBeNull();
    expect(trustedUrlFault(url(2_049), false)).toBe("is longer than 2048 characters");
  });

  it.each(["http://localhost", "http://LOCALHOST.", "http://a.localhost", "http://[::1]:80", "https://127.255.0.1", "http://127.1"])(
    "may be %s on a machine of one's own, and only there",
    (url) => {
      expect(trustedUrlFault(url, true)).toBeNull();
      expect(trustedUrlFault(url, false)).toMatch(/^must/);
    },
  );

  it.each(["ftp://localhost", "httpss://localhost", "http://xlocalhost", "http://localhost.x", "http://128.0.0.1", "http://[::2]"])(
    "may not even there be %s",
    (url) => {
      expect(trustedUrlFault(url, true)).toMatch(/^must/);
    },
  );

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

  it("takes 256 KiB to the byte", async () => {
    const server = await openTestServer((_, response) => response.writeHead(200).end("x".repeat(262_144)));
    expect((await (await fetchTrusted(server.url, {}, HERE)).text()).length).toBe(262_144);
    server.answer = (_, response) => response.writeHead(200).end("x".repeat(262_145));
    expect(await failureOf(fetchTrusted(server.url, {}, HERE))).toMatch(/more than 262144 bytes/);
  });

  it("takes an answer without a body, and one in pieces, with its headers", async () => {
    const server = await openTestServer((_, response) => response.writeHead(204, "Nothing", { "x-a": "b" }).end());
    const empty = await fetchTrusted(server.url, {}, HERE);
    expect([empty.status, empty.statusText, empty.headers.get("x-a"), empty.body]).toEqual([204, "Nothing", "b", null]);
    const pieces = new ReadableStream({
      start(controller) {
        for (const piece of ["one,", "two,", "three"]) controller.enqueue(Buffer.from(piece));
        controller.close();
      },
    });
    const given = { fetch: async () => new Response(pieces), allowInsecure: false };
    expect(await (await fetchTrusted("https://id.example.com", {}, given)).text()).toBe("one,two,three");
  });

  it.each([300, 301, 304, 307, 399])("takes a status of %i for a redirect, and none around them", async (status) => {
    const server = await openTestServer((_, response) => response.writeHead(status).end());
    expect(await failureOf(exchangeTrusted(server.url, {}, HERE))).toMatch(/redirect/);
    for (const other of [299, 400]) {
      server.answer = (_, response) => response.writeHead(other).end();
      expect((await exchangeTrusted(server.url, {}, HERE)).status).toBe(other);
    }
  });

  it("asks for no redirect to be followed, with what it was told to send", async () => {
    const asked: RequestInit[] = [];
    const given = {
      fetch: async (_: unknown, init: RequestInit = {}) => {
        asked.push(init);
        return Response.json({});
      },
      allowInsecure: false,
    };
    await fetchTrusted("https://id.example.com", { method: "POST", redirect: "follow" }, given as Parameters<typeof fetchTrusted>[2]);
    expect(asked).toMatchObject([{ method: "POST", redirect: "manual" }]);
  });

  it.each<[string, ResponseInit, number]>([
    ["that is a redirect", { status: 302 }, 1],
    ["that is too large", { status: 200 }, 300_000],
  ])("reads no further in an answer %s", async (_, init, bytes) => {
    let cancelled = false;
    const body = new ReadableStream(
      {
        pull: (controller) => controller.enqueue(new Uint8Array(bytes)),
        cancel: () => {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const given = { fetch: async () => new Response(body, init), allowInsecure: false };
    expect(await failureOf(exchangeTrusted("https://id.example.com", {}, given))).toMatch(/^id.example.com answered/);
    expect(cancelled).toBe(true);
  });

  it("names the host and nothing that it said", async () => {
    const server = await openTestServer(json({ error: "secret" }, 500));
    const { host } = new URL(server.url);
    expect(await failureOf(fetchTrusted(`${server.url}/path?secret`, {}, HERE))).toBe(`${host} answered 500`);
    expect(await failureOf(fetchTrusted("https://10.0.0.1", {}, HERE))).toBe("the address must name a host, not an IP address");
    expect(new FetchFailure("x").name).toBe("FetchFailure");
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
