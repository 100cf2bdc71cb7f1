import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { isSigned } from "../../../src/management/leaks/signature.ts";
import {
  type Answer,
  auditRows,
  call,
  count,
  deployment,
  env,
  inKv,
  keyOf,
  MAY_ALL,
  type Reply,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";
import { deliver, entryOf, type Label, openScanner, publish, type Sent, withdraw } from "./scanner.ts";

const match = (secret: string, more: Record<string, unknown> = {}) => ({
  ...{ token: secret, type: "headgate_api_token", url: "https://github.com/a/b/blob/main/x", source: "content" },
  ...more,
});
const labels = (reply: Reply<Label[]>) => succeeded(reply).map(({ label }) => label);
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("GitHub's report of leaked tokens", () => {
  it("87: ends what is a token of ours, tells GitHub what was, and says so in the audit log", async () => {
    const made = await deployment();
    const scanner = await openScanner();
    const api = await token(made, MAY_ALL);
    const mintedOnly = mintToken("api", settingsOf(env).tagKeys);
    const secrets = [api.token, made.owner.token, made.session.token, mintedOnly, "NMIfyYncKcRALEXAMPLE"];
    const reply = await deliver(
      scanner,
      secrets.map((secret) => match(secret)),
      { headers: { "cf-connecting-ip": "192.0.2.9" } },
    );
    expect(succeeded(reply)).toEqual(
      secrets.map((secret, n) => ({
        token_hash: createHash("sha256").update(secret).digest("hex"),
        token_type: "headgate_api_token",
        label: n < 3 ? "true_positive" : "false_positive",
      })),
    );
    for (const one of [{ token: api.token }, made.owner, made.session])
      expect(refusal(await call("GET", "/v2/datasets", one))).toEqual([401, "token-revoked"]);
    await expect.poll(() => inKv(keyOf(api.token)), { timeout: 5_000 }).toMatchObject({ status: "revoked" });

    const entries = (await auditRows()).slice(-3);
    const traceId = reply.headers.get("x-axiom-trace-id") ?? "";
    expect(entries.map(({ action }) => action)).toEqual(["token.revoke-leaked", "personal-token.revoke-leaked", "session.revoke-leaked"]);
    for (const entry of entries) {
      expect(entry).toMatchObject({ actor_kind: "report", actor_id: "github", ip: "192.0.2.9", org: made.org });
      expect(entry.trace_id.startsWith(traceId)).toBe(true);
      expect(JSON.parse(entry.detail)).toMatchObject({ found: "https://github.com/a/b/blob/main/x" });
    }
    for (const secret of secrets) expect(JSON.stringify(entries)).not.toContain(secret);
  });

  it("87: can be delivered again, and by anybody who has seen it, without any further effect", async () => {
    const made = await deployment();
    const scanner = await openScanner();
    const api = await token(made, MAY_ALL);
    const first = await deliver(scanner, [match(api.token), match(api.token)]);
    expect(labels(first)).toEqual(["true_positive", "true_positive"]);
    const rows = [await count("audit"), await count("changes")];
    expect(labels(await deliver(scanner, [match(api.token), match(api.token)]))).toEqual(["true_positive", "true_positive"]);
    expect([await count("audit"), await count("changes")]).toEqual(rows);
  });

  it.each<[string, Sent, string]>([
    ["no key identifier", { headers: { "github-public-key-identifier": undefined } }, "headers"],
    ["no signature", { headers: { "github-public-key-signature": undefined } }, "headers"],
    ["a key identifier that GitHub does not have", { headers: { "github-public-key-identifier": "key-0" } }, "none of GitHub's"],
    ["a key identifier that is a path", { headers: { "github-public-key-identifier": "../x" } }, "headers"],
    ["an empty key under its identifier", { headers: { "github-public-key-identifier": "older" } }, "byte for byte"],
    [
      "a signature of something else",
      {
        headers: {
          "github-public-key-signature": "MEQCIA6C6L8ZYvZnqgV0zwrrmRab10QmIFV396gsba/WYm9oAiAI6Q+/jNaWqkgG5YhaWshTXbRwIgqIK6Ru7LxVYDbV5Q==",
        },
      },
      "byte for byte",
    ],
    ["a signature that is none", { headers: { "github-public-key-signature": "e30=" } }, "byte for byte"],
    ["a signature with blanks in it", { headers: { "github-public-key-signature": "MEQC IA6C" } }, "byte for byte"],
  ])("87: is refused with %s, and nothing ends", async (_, how, words) => {
    const made = await deployment();
    const reply = await deliver<Answer>(await openScanner(), [match(made.owner.token)], how);
    expect(refusal(reply)).toEqual([401, "signature-invalid"]);
    expect(reply.body.message).toContain(words);
    expect((await call("GET", "/v2/user", made.owner)).status).toBe(200);
  });

  it("87: is refused when the same JSON is written in another way", async () => {
    const made = await deployment();
    const scanner = await openScanner();
    const body = JSON.stringify([match(made.owner.token)]);
    const signed = { headers: { "github-public-key-signature": scanner.sign(body) } };
    for (const other of [body.replace(",", ", "), `${body}\n`, ` ${body}`])
      expect(refusal(await deliver<Answer>(scanner, other, signed))).toEqual([401, "signature-invalid"]);
    expect(labels(await deliver(scanner, body, signed))).toEqual(["true_positive"]);
  });

  it("87: is refused with a key of another curve than GitHub's", async () => {
    const made = await deployment();
    expect(refusal(await deliver<Answer>(await openScanner("P-384"), [match(made.owner.token)]))).toEqual([401, "signature-invalid"]);
  });

  it("87: of 10,000 matches is read whole, and of one more not at all", async () => {
    const made = await deployment();
    const scanner = await openScanner();
    const { tagKeys } = settingsOf(env);
    const matches = Array.from({ length: 9_999 }, (_, n) => match(n % 2 ? `junk-${n}` : mintToken("api", tagKeys), { url: "" }));
    const reply = await deliver(scanner, [...matches, match(made.owner.token)]);
    expect(labels(reply).length).toBe(10_000);
    expect(labels(reply).filter((label) => label === "true_positive")).toEqual(["true_positive"]);
    const more = await deliver<Answer>(
      scanner,
      Array.from({ length: 10_001 }, () => match("x")),
    );
    expect(refusal(more)).toEqual([413, "body-too-large"]);
    expect(refusal(await deliver<Answer>(scanner, "x".repeat(9 * 1_048_576)))).toEqual([413, "body-too-large"]);
  });

  it("87: ends more tokens than a request can, when it is delivered again", async () => {
    const made = await deployment();
    const scanner = await openScanner();
    const { tagKeys } = settingsOf(env);
    const secrets = Array.from({ length: 510 }, () => mintToken("session", tagKeys));
    await env.DB.prepare(
      `INSERT INTO sessions (id, user_id, kind, digest, description, hint, created_at, expires_at, authenticated_at, last_used_at, change_id)
      SELECT value, ?, 'api', value, '', '', 1, ?, 1, 1, '' FROM json_each(?)`,
    )
      .bind(made.user.id, Date.now() + 86_400_000, JSON.stringify(secrets.map((secret) => keyOf(secret).slice(2))))
      .run();
    const left = () => env.DB.prepare("SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL AND description = ''").first("n");
    const matches = secrets.map((secret) => match(secret));
    expect(refusal(await deliver<Answer>(scanner, matches))).toEqual([503, "overloaded"]);
    expect(await left()).toBe(10);
    expect(new Set(labels(await deliver(scanner, matches)))).toEqual(new Set(["true_positive"]));
    expect(await left()).toBe(0);
    expect((await auditRows()).filter(({ action }) => action === "session.revoke-leaked").length).toBe(510);
  });

  it("87: passes over what is no match, and reads nothing else than an array", async () => {
    const made = await deployment();
    const scanner = await openScanner();
    const odd = [null, 1, "text", [], {}, { token: 1 }, { token: "" }, match(made.owner.token, { type: 7, url: null })];
    const empty = createHash("sha256").update("").digest("hex");
    expect(succeeded(await deliver(scanner, odd))).toMatchObject([
      { token_hash: empty, token_type: "", label: "false_positive" },
      { token_type: "", label: "true_positive" },
    ]);
    for (const body of ["{}", "null", "[", '"x"', ""]) expect(refusal(await deliver<Answer>(scanner, body))).toEqual([400, "body-invalid"]);
    expect(succeeded(await deliver(scanner, []))).toEqual([]);
  });

  it("notes no place that spells the token out", async () => {
    const made = await deployment();
    await deliver(await openScanner(), [match(made.owner.token, { url: `https://github.com/a/b/blob/${made.owner.token}/x` })]);
    expect((await auditRows()).at(-1)?.detail).not.toContain("found");
  });
});

describe("the keys of GitHub's secret scanning", () => {
  it("are asked for once an hour, and for a new identifier once a minute", async () => {
    await deployment();
    const scanner = await openScanner();
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const unknown = { headers: { "github-public-key-identifier": "made-up" } };
    for (let n = 0; n < 5; n++) {
      expect((await deliver(scanner, [])).status).toBe(200);
      expect((await deliver(scanner, [], unknown)).status).toBe(401);
    }
    vi.setSystemTime(start + 61_000);
    for (let n = 0; n < 5; n++) expect((await deliver(scanner, [], unknown)).status).toBe(401);
    vi.setSystemTime(start + 61_000 + 3_600_000);
    expect((await deliver(scanner, [])).status).toBe(200);
    expect(await withdraw(scanner.url)).toBe(3);
  });

  it("that are new are found, and those that GitHub takes back do not count for ever", async () => {
    await deployment();
    const [old, fresh] = [await openScanner(), await openScanner()];
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    expect((await deliver(old, [])).status).toBe(200);
    await publish(old.url, { public_keys: [entryOf(fresh)] });
    vi.setSystemTime(start + 61_000);
    expect((await deliver({ ...fresh, url: old.url }, [])).status).toBe(200);
    expect((await deliver(old, [])).status).toBe(401);
  });

  it.each<[string, unknown, number]>([
    ["does not answer", "", 500],
    ["sends elsewhere", "", 302],
    ["answers with a page", "<html>", 200],
    ["answers with no keys", { public_keys: [] }, 200],
    ["answers with too much", "x".repeat(300_000), 200],
  ])("cannot be had when GitHub %s: 503, and those of before count for a day", async (_, answer, status) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    await deployment();
    const scanner = await openScanner();
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    expect((await deliver(scanner, [])).status).toBe(200);
    await publish(scanner.url, answer, status);
    vi.setSystemTime(start + 23 * 3_600_000);
    expect((await deliver(scanner, [])).status).toBe(200);
    vi.setSystemTime(start + 25 * 3_600_000);
    expect(refusal(await deliver<Answer>(scanner, []))).toEqual([503, "store-unavailable"]);
  });
});

describe("a signature", () => {
  // the example in GitHub's documentation of its partner program
  const PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP
HzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==
-----END PUBLIC KEY-----`;
  const BODY = '[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]';
  const SIGNATURE = "MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY=";
  const signed = (body: string, signature = SIGNATURE, pem = PEM) => isSigned(new TextEncoder().encode(body), signature, pem);

  it("87: of GitHub's own example is right, and of anything else wrong", () => {
    expect(signed(BODY)).toBe(true);
    expect(signed(`${BODY} `)).toBe(false);
    expect(signed(BODY, SIGNATURE.replace("MEUC", "MEUD"))).toBe(false);
    expect(signed(BODY, SIGNATURE, PEM.replace("AEsz9u", "AEsz9v"))).toBe(false);
    for (const junk of ["", "=", "x".repeat(1_000), "MEUCIFLZ", "AAAA"]) expect(signed(BODY, junk)).toBe(false);
    for (const pem of ["", "no key", PEM.slice(0, 60)]) expect(signed(BODY, SIGNATURE, pem)).toBe(false);
  });
});
