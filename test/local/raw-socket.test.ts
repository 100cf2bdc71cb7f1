/** What `fetch` cannot send, at a real gateway: bytes on a socket. */
import net from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { mintToken, readTagKeys } from "../../src/access/token.ts";
import { call } from "../../src/local/api.ts";
import { type Child, startChild } from "../../src/local/child.ts";
import { findFree } from "../../src/local/ports.ts";
import { readSecrets, secretsFile } from "../../src/local/state.ts";
import { readBack, remove, temporaryFolder } from "./command.ts";

const US = "cloud.us-east-1.aws";
const ANSWERED_WITHIN_MS = 20_000;
const BODY = '[{"a":1}]';

const state = temporaryFolder();
let gateway: Child;
let edge: URL;
let management: URL;
let token: string;
let dataset: string;

beforeAll(async () => {
  gateway = await startChild(await findFree(3), state);
  const { local } = gateway;
  [edge, management] = [new URL(local.edges[US] as string), new URL(local.management)];
  [token, dataset] = [local.ingestToken, local.datasets[US] as string];
});
afterAll(async () => {
  await gateway.stop();
  remove(state);
});

interface Raw {
  status: number;
  text: string;
}

/** Writes bytes and reads one answer. A text's characters are bytes. `hangUp`: sends no more after these. */
function raw(to: URL, sent: string | Buffer, hangUp = false): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(to.port), to.hostname);
    const late = setTimeout(() => reject(new Error("no answer")), ANSWERED_WITHIN_MS);
    let text = "";
    const end = () => {
      clearTimeout(late);
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
    };
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const head = text.indexOf("\r\n\r\n");
      const length = /^content-length: (\d+)/im.exec(text)?.[1];
      if (head >= 0 && length !== undefined && text.length >= head + 4 + Number(length)) end();
    });
    socket.on("error", () => {}); // a connection that is reset has ended, too
    socket.on("close", end);
    socket.write(typeof sent === "string" ? Buffer.from(sent, "latin1") : sent);
    if (hangUp) socket.end();
  });
}

interface Parts {
  first?: string;
  body?: string;
  /** The header that announces the body. */
  length?: string;
}

/** A request to ingest with these header lines, each as it stands. */
function ingest(lines: string[], { first = `POST /v1/ingest/${dataset} HTTP/1.1`, body = BODY, length }: Parts = {}): string {
  return [first, "Host: edge.example", length ?? `Content-Length: ${body.length}`, ...lines, "", body].join("\r\n");
}

const reasonIn = ({ text }: Raw) => /urn:headgate:problem:([\w-]+)/.exec(text)?.[1] ?? "";
const outcome = (answer: Raw) => [answer.status, reasonIn(answer)];
const good = () => `Authorization: Bearer ${token}`;
const OK = [200, ""];
/** By the runtime, which no Worker sees. */
const BAD = [400, ""];

async function takesTheNext(): Promise<void> {
  expect(outcome(await raw(edge, ingest([good()])))).toEqual(OK);
}

describe("a header on the wire", () => {
  it("5 that comes twice is refused at both planes, whatever its spelling and distance", async () => {
    for (const lines of [
      [good(), good()],
      [good(), "authorization: Bearer x"],
      ["AUTHORIZATION: Bearer x", "X-Between: y", good()],
    ]) {
      expect(outcome(await raw(edge, ingest(lines)))).toEqual([400, "credential-repeated"]);
      const get = ["GET /v2/datasets HTTP/1.1", "Host: x", ...lines, "", ""].join("\r\n");
      expect(outcome(await raw(management, get))).toEqual([400, "credential-repeated"]);
    }
  });

  it.each<[string, (text: string) => string]>([
    ["CR", (text) => `Authorization: Bearer x\rX-More: ${text}`],
    ["CR in the token", (text) => `Authorization: Bearer ${text.slice(0, 9)}\r${text.slice(9)}`],
    ["NUL behind the token", (text) => `Authorization: Bearer ${text}\0`],
    ["NUL in the name", (text) => `Author\0ization: Bearer ${text}`],
    ["a folded line", (text) => `Authorization: Bearer\r\n ${text}`],
    ["a folded token", (text) => `Authorization: Bearer ${text.slice(0, 9)}\r\n\t${text.slice(9)}`],
    ["a blank before the colon", (text) => `Authorization : Bearer ${text}`],
    ["a tab before the colon", (text) => `Authorization\t: Bearer ${text}`],
    ["a blank before the name", (text) => `X-A: b\r\n Authorization: Bearer ${text}`],
    ["no name", (text) => `: Bearer ${text}`],
  ])("9 with %s is refused", async (_, line) => {
    expect([400, 401]).toContain((await raw(edge, ingest([line(token)]))).status);
    await takesTheNext();
  });

  it("9 with a bare LF ends there, and its rest is another header, which is judged as one", async () => {
    expect(outcome(await raw(edge, ingest([`Authorization: Bearer x\n${good()}`])))).toEqual([400, "credential-repeated"]);
    expect(outcome(await raw(edge, ingest([`Authorization: Bearer x\nX-More: ${token}`])))).toEqual([401, "credential-malformed"]);
    // nothing of a request ends up in a header of the answer
    const { text } = await raw(
      edge,
      ingest([`Authorization: Bearer x%0d%0aSet-Cookie:a=b`, "X-Axiom-Event-Labels: x%0d%0aSet-Cookie:a=b"]),
    );
    expect(text.toLowerCase()).not.toContain("set-cookie");
  });

  it("10 with bytes beyond ASCII holds no token, in whatever encoding", async () => {
    for (const odd of ["\xe9", "\xff", "\xc0\xaf", "\x80"])
      expect(outcome(await raw(edge, ingest([`Authorization: Bearer ${token}${odd}`])))).toEqual([401, "credential-malformed"]);
    for (const odd of ["\uff58", "\u200d", "\ufeff", "\u0301", "\u{1d41a}", "\u00a0"]) {
      const request = Buffer.from(ingest([`Authorization: Bearer ${odd}${token}`]), "utf8");
      expect(outcome(await raw(edge, request))).toEqual([401, "credential-malformed"]);
    }
  });

  it("11 of 70,000 characters is refused like a short one, and at 2 MB by the runtime, without harm", async () => {
    for (const length of [257, 8_000, 20_000, 70_000])
      expect(outcome(await raw(edge, ingest([`Authorization: Bearer ${"a".repeat(length)}`])))).toEqual([401, "credential-malformed"]);
    const { status } = await raw(edge, ingest([`Authorization: Bearer ${"a".repeat(2_000_000)}`]));
    expect(status < 200 || status >= 400).toBe(true);
    await takesTheNext();
  });

  it("12 may be one of ten thousand, and neither overrides the method nor takes the credential away", async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `h${i}: x`);
    expect([200, 400, 413, 431]).toContain((await raw(edge, ingest([...many, good()]))).status);
    expect(outcome(await raw(edge, ingest(many)))).toEqual([401, "credential-missing"]);
    for (const line of ["Connection: authorization, close", "Connection: authorization", "Keep-Alive: authorization"])
      expect(outcome(await raw(edge, ingest([line, good()])))).toEqual(OK);
    const overridden = ingest([good(), "X-HTTP-Method-Override: POST"], { first: `GET /v1/ingest/${dataset} HTTP/1.1`, body: "" });
    expect(outcome(await raw(edge, overridden))).toEqual([405, "method-not-allowed"]);
    await takesTheNext();
  });
});

describe("a request's first line", () => {
  it("8 gives no credential by the user part of its address, nor does Host", async () => {
    const first = `POST http://axiom:${token}@edge.example/v1/ingest/${dataset} HTTP/1.1`;
    expect(outcome(await raw(edge, ingest([], { first })))).toEqual([401, "credential-missing"]);
    const host = `POST /v1/ingest/${dataset} HTTP/1.1\r\nHost: axiom:${token}@edge.example\r\nContent-Length: 9\r\n\r\n${BODY}`;
    expect(outcome(await raw(edge, host))).toEqual([401, "credential-missing"]);
  });

  it.each<[string, (name: string) => string, unknown[]]>([
    ["dots", () => "/v1/ingest/../../v2/tokens", [404, "route-unknown"]],
    ["encoded dots and slash", () => "/v1/ingest/%2e%2e%2fdatasets", [400, "parameter-invalid"]],
    ["dots in front", (name) => `/../../v1/ingest/${name}`, OK],
    ["a backslash, which is a slash", (name) => `/v1/ingest\\${name}`, OK],
    ["NUL", (name) => `/v1/ingest/${name}\0x`, BAD],
    ["a byte beyond ASCII", (name) => `/v1/ingest/${name}\xff`, BAD],
    ["no slash in front", (name) => `v1/ingest/${name}`, BAD],
    ["two slashes in front", (name) => `//v1/ingest/${name}`, [404, "route-unknown"]],
    ["another host in it", (name) => `http://other.example/v1/ingest/${name}`, OK],
    ["nothing but an asterisk", () => "*", [404, "route-unknown"]],
    ["a fragment", (name) => `/v1/ingest/${name}#x`, OK],
  ])("44 with %s in its path leads to the dataset it names, or nowhere", async (_, path, expected) => {
    expect(outcome(await raw(edge, ingest([good()], { first: `POST ${path(dataset)} HTTP/1.1` })))).toEqual(expected);
  });

  it("44 with a Host that is none is refused for that", async () => {
    const lines = (path: string, method: string) =>
      `${method} ${path} HTTP/1.1\r\nHost: a b<>\r\n${good()}\r\nContent-Length: 9\r\n\r\n${BODY}`;
    expect(outcome(await raw(edge, lines(`/v1/ingest/${dataset}`, "POST")))).toEqual([400, "parameter-invalid"]);
    for (const path of ["/v2/tokens", "/auth/x/callback?code=y", "/v2/dashboards", "/healthz"])
      expect(outcome(await raw(management, lines(path, "POST")))).toEqual([400, "parameter-invalid"]);
    await takesTheNext();
  });

  it.each(["TRACE", "PUT", "DELETE", "PATCH", "LOCK", "PURGE", "SEARCH"])(
    "56 with %s does nothing and shows nothing of the request",
    async (method) => {
      for (const [to, path] of [
        [edge, `/v1/ingest/${dataset}`],
        [management, "/v2/tokens"],
      ] as const) {
        const answer = await raw(to, `${method} ${path} HTTP/1.1\r\nHost: x\r\n${good()}\r\nX-Echo: echo-me\r\nContent-Length: 0\r\n\r\n`);
        expect(outcome(answer)).toEqual([405, "method-not-allowed"]);
        for (const secret of [token, "echo-me"]) expect(answer.text).not.toContain(secret);
      }
    },
  );

  it.each(["CONNECT x:443", "FOO /v2/tokens", "post /v2/tokens", "GET /v2/tokens HTTP/9.9\r\nX:", "\0\0"])(
    "56 that no Worker sees is answered by the runtime, and opens nothing: %j",
    async (line) => {
      for (const to of [edge, management]) {
        const { status, text } = await raw(to, `${line} HTTP/1.1\r\nHost: x\r\n${good()}\r\n\r\n`);
        expect(status === 0 || status >= 400).toBe(true);
        expect(text).not.toContain(token);
      }
      await takesTheNext();
    },
  );
});

describe("a body on the wire", () => {
  const events = async () => (await readBack(gateway.local, US)).length;
  const CHUNKED = { length: "Transfer-Encoding: chunked" };

  it("65 is not waited for before the verdict on its sender", async () => {
    const bad = `Authorization: Bearer ${token.slice(0, -1)}`;
    for (const length of ["Content-Length: 90000000", "Transfer-Encoding: chunked"])
      expect(outcome(await raw(edge, ingest([bad], { length, body: "" })))).toEqual([401, "credential-malformed"]);
    const make = `POST /v2/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`;
    expect(outcome(await raw(management, make))).toEqual([401, "credential-missing"]);
  });

  it("65 that is shorter than announced, or never ends, stores nothing", async () => {
    const before = await events();
    const broken: [string, { length: string }][] = [
      [BODY, { length: "Content-Length: 1000" }],
      [`9\r\n${BODY}\r\n`, CHUNKED],
      [`9\r\n${BODY}\r\n0\r\n`, CHUNKED],
      [`ffff\r\n${BODY}`, CHUNKED],
      [`zz\r\n${BODY}\r\n0\r\n\r\n`, CHUNKED],
      [`-9\r\n${BODY}\r\n0\r\n\r\n`, CHUNKED],
    ];
    for (const [body, how] of broken) {
      const { status } = await raw(edge, ingest([good()], { body, ...how }), true);
      expect([how.length, body, status === 0 || status === 400]).toEqual([how.length, body, true]);
    }
    expect(await events()).toBe(before);
    await takesTheNext();
  });

  it("65 that is longer than announced is its announced part, and the rest no part of any request", async () => {
    const before = await events();
    expect(
      outcome(await raw(edge, ingest([good(), "Connection: close"], { body: `${BODY}[{"b":2}]`, length: "Content-Length: 9" }))),
    ).toEqual(OK);
    expect(await events()).toBe(before + 1);
  });

  it("65 whose length is said in two ways is never read in two ways", async () => {
    const before = await events();
    const second = `POST /v1/ingest/${dataset} HTTP/1.1\r\nHost: x\r\n${good()}\r\nContent-Length: 9\r\n\r\n${BODY}`;
    for (const [lines, body] of [
      [["Content-Length: 5"], BODY],
      [["Transfer-Encoding: xchunked"], BODY],
      [["Transfer-Encoding: chunked, identity"], BODY],
      [["Transfer-Encoding : chunked"], `0\r\n\r\n${second}`],
      // what a front that goes by Content-Length would take for one body
      [["Transfer-Encoding: chunked"], `0\r\n\r\n${second}`],
    ] as [string[], string][])
      expect((await raw(edge, ingest([good(), ...lines], { body }))).status).not.toBe(500);
    expect(await events()).toBe(before);
  });
});

describe("the time that an answer takes", () => {
  const ROUNDS = 15;
  /** As src/docs/revocation.md says. */
  const REVOKED_WITHIN_MS = 12_000;
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;

  it("92 is reported for tokens that are unknown, revoked or broken, which all hear 401", async () => {
    const { local } = gateway;
    const owner = { token: local.ownerToken, org: local.org };
    const tagKeys = readTagKeys(readSecrets(secretsFile(state)).TOKEN_TAG_KEYS);
    const request = { name: "to be revoked", datasetCapabilities: { [dataset]: { ingest: ["create"] } } };
    const revoked = await call<{ id: string; token: string }>("POST", `${local.management}/v2/tokens`, owner, request);
    await call("DELETE", `${local.management}/v2/tokens/${revoked.id}`, owner);
    const ingestBy = (secret: string) =>
      fetch(`${local.edges[US]}/v1/ingest/${dataset}`, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body: BODY });
    await vi.waitFor(async () => expect((await ingestBy(revoked.token)).status).toBe(401), { timeout: REVOKED_WITHIN_MS, interval: 200 });
    const otherKey = readTagKeys(`${[...tagKeys.keys()].at(-1)}:${"A".repeat(43)}`);
    const remembered = mintToken("api", tagKeys);
    const kinds: Record<string, () => string> = {
      "wrong CRC": () => `${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`,
      "wrong tag": () => mintToken("api", otherKey),
      revoked: () => revoked.token,
      "unknown, first time": () => mintToken("api", tagKeys),
      "unknown, again": () => remembered,
      live: () => token,
    };
    const times: Record<string, number[]> = {};
    for (let round = 0; round < ROUNDS; round++)
      for (const [kind, make] of Object.entries(kinds)) {
        const secret = make();
        const began = performance.now();
        const response = await ingestBy(secret);
        await response.arrayBuffer();
        times[kind] = [...(times[kind] ?? []), performance.now() - began];
        expect([kind, response.status]).toEqual([kind, kind === "live" ? 200 : 401]);
      }
    const report = Object.entries(times).map(([kind, all]) => `${kind} ${median(all).toFixed(1)} ms`);
    console.log(`median time of an answer: ${report.join(", ")}`);
    expect(report.length).toBe(6);
  });
});
