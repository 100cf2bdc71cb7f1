import { beforeEach, describe, expect, it, vi } from "vitest";
import { SINK_FIELDS, SINK_TYPES, type SinkType } from "../../../src/access/dataset-settings.ts";
import { type OrganisationMap, organisationKey } from "../../../src/access/permission-set.ts";
import { open, sinkSecretContext } from "../../../src/access/seal.ts";
import { settingsOf } from "../../../src/management/env.ts";
import {
  type Answer,
  auditRows,
  call,
  count,
  type Deployment,
  dataset,
  deployment,
  env,
  inKv,
  type Reply,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";

const PATH = "/v2/datasets/web/settings";
const DEFAULTS = { dedupe: "content", quarantine: { enabled: true, bytesPerDayMax: 100_000_000 }, sinks: [], query: null };
const S3 = {
  name: "lake",
  type: "s3",
  required: true,
  url: "https://s3.example",
  options: { bucket: "lake", region: "eu" },
  secrets: { accessKeyId: "AKIA-secret-id", secretAccessKey: "very-secret-key" },
};
const HTTP = { name: "hook", type: "http", required: false, url: "http://127.0.0.1:9000/in?key=k", options: {}, secrets: {} };

describeResource({
  name: "a dataset's settings",
  routes: [
    { method: "GET", path: "/v2/datasets/:id/settings", capability: "datasets:read" },
    {
      method: "PUT",
      path: "/v2/datasets/:id/settings",
      capability: "datasets:update",
      body: { dedupe: "key", sinks: [{ ...S3, secrets: { accessKeyId: "xaat-secret", secretAccessKey: "xapt-secret" } }] },
      action: "dataset.settings",
    },
  ],
  make: async (made) => (await dataset(made, "web")).id,
});

let made: Deployment;

async function withDataset(): Promise<void> {
  made = await deployment();
  await dataset(made, "web");
}

const get = async () => succeeded(await call("GET", PATH, made.owner)) as unknown as typeof DEFAULTS;
const put = (update: unknown, more = {}): Promise<Reply<Answer>> => call("PUT", PATH, made.owner, update, more);

/** As D1 has them. */
async function kept() {
  const row = await env.DB.prepare("SELECT id, settings FROM datasets").first<{ id: string; settings: string }>();
  const settings = JSON.parse(row?.settings ?? "") as { sinks: { name: string; slot: number; secrets: Record<string, string> }[] };
  return { id: row?.id ?? "", text: row?.settings ?? "", sinks: settings.sinks };
}

async function opened(name: string): Promise<Record<string, string>> {
  const { id, sinks } = await kept();
  const secrets = Object.entries(sinks.find((sink) => sink.name === name)?.secrets ?? {});
  return Object.fromEntries(
    secrets.map(([secret, sealed]) => [secret, open(sealed, settingsOf(env).sealKeys, sinkSecretContext(id, name, secret))]),
  );
}

describe("the settings of a dataset", () => {
  beforeEach(withDataset);

  it("are the defaults at first", async () => {
    expect(await get()).toEqual(DEFAULTS);
  });

  it("keep what an update leaves out", async () => {
    succeeded(await put({ dedupe: "off" }));
    succeeded(await put({ quarantine: { enabled: false } }));
    const after = succeeded(await put({ quarantine: { bytesPerDayMax: 5 }, dedupe: null }));
    expect(after).toEqual({ ...DEFAULTS, dedupe: "off", quarantine: { enabled: false, bytesPerDayMax: 5 } });
    expect(await get()).toEqual(after);
    succeeded(await put({}));
    expect(await get()).toEqual(after);
  });

  it("are no part of the dataset, which axiom-go reads strictly", async () => {
    const before = Object.keys(succeeded(await call("GET", "/v2/datasets/web", made.owner)));
    succeeded(await put({ sinks: [S3] }));
    expect(Object.keys(succeeded(await call("GET", "/v2/datasets/web", made.owner)))).toEqual(before);
  });

  it.each([
    { dedupe: "maybe" },
    { quarantine: true },
    { quarantine: { enabled: true, bytes: 1 } },
    { quarantine: { bytesPerDayMax: 0 } },
    { quarantine: { bytesPerDayMax: 1.5 } },
    { quarantine: { bytesPerDayMax: 1e12 } },
    { sinks: {} },
    { sinks: [{}] },
    { sinks: [{ ...HTTP, slot: 1 }] },
    { sinks: [HTTP, HTTP] },
    { sinks: Array.from({ length: 9 }, (_, n) => ({ ...HTTP, name: `h${n}` })) },
    { sinks: [{ ...HTTP, type: "ftp" }] },
    ...["", "A", "-a", "a:b", "a".repeat(33)].map((name) => ({ sinks: [{ ...HTTP, name }] })),
    ...["", "x", "http://example.com", "http://127.0.0.1.example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://u:p@x.example"].map(
      (url) => ({ sinks: [{ ...HTTP, url }] }),
    ),
    { sinks: [{ ...HTTP, url: "https://x.example/#part" }] },
    { sinks: [{ ...HTTP, secrets: { authorization: "a\r\nb" } }] },
    { sinks: [{ ...HTTP, secrets: { authorization: "set" } }] },
    { sinks: [{ ...HTTP, secrets: { token: "x" } }] },
    { sinks: [{ ...S3, options: { bucket: "b" } }] },
    { sinks: [{ ...S3, options: { ...S3.options, acl: "x" } }] },
    { sinks: [{ ...S3, secrets: { accessKeyId: "x" } }] },
    { sinks: [{ ...S3, secrets: { ...S3.secrets, secretAccessKey: null } }] },
  ])("are refused as %j", async (update) => {
    const reply = await put(update);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(await get()).toEqual(DEFAULTS);
  });

  it.each([
    "https://us-east-1.example.com/v1/ingest/web",
    "https://eu-central-1.example.com",
    "https://management.example.com/v1/ingest/web",
  ])("take no sink that leads back here: %s", async (url) => {
    const reply = await put({ sinks: [{ ...HTTP, url }] });
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
  });

  it.each(["https://x.example/a?b=c", "http://localhost:1", "http://127.1.2.3", "http://[::1]:8080/"])("take a sink at %s", async (url) => {
    expect(succeeded(await put({ sinks: [{ ...HTTP, url }] }))["sinks"]).toMatchObject([{ url }]);
  });

  it.each(SINK_TYPES)("take a sink of type %s with all that it may have", async (type: SinkType) => {
    const { options, secrets } = SINK_FIELDS[type];
    const all = (fields: object) =>
      Object.fromEntries(Object.keys(fields).map((name) => [name, name === "prefix" ? "logs/web/" : "value"]));
    const sink = { name: "s", type, url: "https://x.example", options: all(options), secrets: all(secrets) };
    const shown = Object.fromEntries(Object.keys(sink.secrets).map((name) => [name, "set"]));
    expect(succeeded(await put({ sinks: [sink] }))["sinks"]).toEqual([{ ...sink, required: true, secrets: shown }]);
    expect(await opened("s")).toEqual(sink.secrets);
  });

  it("lose no update when two come at once", async () => {
    const replies = await Promise.all([put({ dedupe: "off" }), put({ quarantine: { enabled: false } })]);
    const { dedupe, quarantine } = await get();
    expect([dedupe === "off", !quarantine.enabled]).toEqual(replies.map(({ status }) => status === 200));
    for (const reply of replies) if (reply.status !== 200) expect(reasonOf(reply)).toBe("conflict");
    expect(replies.some(({ status }) => status === 200)).toBe(true);
  });
});

describe("a sink's secrets", () => {
  beforeEach(withDataset);

  it("are never shown, nor kept or logged in the clear", async () => {
    const log = vi.spyOn(console, "log");
    const answer = succeeded(await put({ sinks: [S3, HTTP] }));
    expect(answer["sinks"]).toEqual([{ ...S3, secrets: { accessKeyId: "set", secretAccessKey: "set" } }, HTTP]);
    expect(await get()).toEqual(answer);
    const { text } = await kept();
    const said = JSON.stringify([answer, await auditRows(), log.mock.calls]) + text;
    for (const secret of Object.values(S3.secrets)) expect(said).not.toContain(secret);
    expect(await opened("lake")).toEqual(S3.secrets);
    log.mockRestore();
  });

  it("stay where a sink keeps its name and type, and go with it", async () => {
    succeeded(await put({ sinks: [S3] }));
    const { secrets: _, ...without } = S3;
    succeeded(await put({ sinks: [{ ...without, options: { bucket: "other", region: "eu" }, secrets: { accessKeyId: "new-id" } }] }));
    expect(await opened("lake")).toEqual({ accessKeyId: "new-id", secretAccessKey: "very-secret-key" });
    expect((await get()).sinks).toMatchObject([{ options: { bucket: "other" } }]);

    const renamed = await put({ sinks: [{ ...without, name: "sea" }] });
    expect([renamed.status, reasonOf(renamed)]).toEqual([400, "body-invalid"]);
    succeeded(await put({ sinks: [] }));
    expect(reasonOf(await put({ sinks: [without] }))).toBe("body-invalid");
  });

  it("stay when the settings are sent back as they were read", async () => {
    succeeded(await put({ sinks: [S3, HTTP] }));
    const read = await get();
    expect(succeeded(await put(read))).toEqual(read);
    expect(await opened("lake")).toEqual(S3.secrets);
  });

  it("are taken away with null where they are optional", async () => {
    succeeded(await put({ sinks: [{ ...HTTP, secrets: { authorization: "Bearer x" } }] }));
    expect(succeeded(await put({ sinks: [{ ...HTTP, secrets: { authorization: null } }] }))["sinks"]).toEqual([HTTP]);
  });

  it("are not carried to another server by someone who does not know them", async () => {
    succeeded(await put({ sinks: [S3] }));
    for (const secrets of [{}, { accessKeyId: "set", secretAccessKey: "set" }, { accessKeyId: "AKIA" }]) {
      const moved = await put({ sinks: [{ ...S3, url: "https://thief.example", secrets }] });
      expect([moved.status, reasonOf(moved)]).toEqual([400, "body-invalid"]);
      expect(moved.body.message).toContain("another server");
    }
    succeeded(await put({ sinks: [{ ...S3, url: "https://s3.example/path", secrets: {} }] }));
    succeeded(await put({ sinks: [{ ...S3, url: "https://elsewhere.example" }] }));
  });

  it("are refused where the deployment has no key for them, which says how to set one", async () => {
    const instead = { SINK_SECRETS_KEY: "" };
    const reply = await put({ sinks: [S3] }, { instead });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(reply.body.message).toMatch(/SINK_SECRETS_KEY.*wrangler secret put/);
    succeeded(await put({ sinks: [HTTP] }, { instead }));
  });
});

describe("a sink", () => {
  beforeEach(withDataset);

  it("keeps its slot, and none is given twice", async () => {
    const slots = async (...names: string[]) => {
      succeeded(await put({ sinks: names.map((name) => ({ ...HTTP, name })) }));
      return (await kept()).sinks.map(({ slot }) => slot);
    };
    expect(await slots("a", "b")).toEqual([0, 1]);
    expect(await slots("b")).toEqual([1]);
    expect(await slots("a", "b")).toEqual([2, 1]);
    expect(await slots()).toEqual([]);
    expect(await slots("b")).toEqual([3]);
    // another type under the name is another sink
    succeeded(await put({ sinks: [{ ...HTTP, url: "https://es.example", name: "b", type: "elasticsearch", options: { index: "i" } }] }));
    expect((await kept()).sinks.map(({ slot }) => slot)).toEqual([4]);
  });

  it("is refused when the dataset has had all there can be", async () => {
    for (let n = 0; n < 31; n++) succeeded(await put({ sinks: [{ ...HTTP, name: `n${n}` }] }));
    const reply = await put({ sinks: [{ ...HTTP, name: "one-more" }] });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(reply.body.message).toContain("31 sinks");
    expect((await kept()).sinks).toMatchObject([{ name: "n30", slot: 30 }]);
    succeeded(await put({ sinks: [{ ...HTTP, name: "n30", required: true }] }));
  });

  it("is named in the audit log without what may be secret", async () => {
    succeeded(await put({ dedupe: "key", sinks: [HTTP] }));
    const { action, target, detail } = (await auditRows()).at(-1) ?? {};
    expect([action, target]).toEqual(["dataset.settings", "web"]);
    expect(JSON.parse(detail ?? "")).toMatchObject({
      members: ["dedupe", "sinks"],
      sinks: [{ name: "hook", type: "http", url: "http://127.0.0.1:9000/in" }],
    });
  });

  it("shows the query of its address only to who may change it", async () => {
    succeeded(await put({ sinks: [HTTP] }));
    const reader = await token(made, { orgCapabilities: { datasets: ["read"] } });
    expect(succeeded(await call("GET", PATH, reader))["sinks"]).toMatchObject([{ url: "http://127.0.0.1:9000/in?…" }]);
    expect((await get()).sinks).toMatchObject([{ url: HTTP.url }]);
  });

  it("is made only by who may read what it is given", async () => {
    const updater = { orgCapabilities: { datasets: ["update"] } };
    const blind = await token(made, updater);
    const reply = await call("PUT", PATH, blind, { sinks: [HTTP] });
    expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
    expect(reply.body.message).toContain("query:read on dataset web");
    expect((await call("PUT", PATH, blind, { sinks: [] })).status).toBe(403);
    succeeded(await call("PUT", PATH, blind, { dedupe: "key" }));
    const seeing = await token(made, { ...updater, datasetCapabilities: { web: { query: ["read"] } } });
    succeeded(await call("PUT", PATH, seeing, { sinks: [HTTP] }));
  });
});

describe("what the edges know of the settings", () => {
  beforeEach(withDataset);

  const published = async () => {
    const map = await inKv<OrganisationMap>(organisationKey(made.org));
    return { ver: map?.ver, web: map?.datasets["web"] };
  };
  const where = { id: expect.any(String), region: expect.any(String) };

  it("is nothing while they are the defaults, and whatever is not", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const once = async (update: unknown) => {
      vi.setSystemTime(Date.now() + 5_000);
      succeeded(await put(update));
      return published();
    };
    expect(await once({ dedupe: "key" })).toEqual({ ver: 3, web: { ...where, dedupe: "key" } });
    expect(await once({ quarantine: { enabled: false } })).toEqual({ ver: 4, web: { ...where, dedupe: "key", quarantine: 0 } });
    expect(await once({ dedupe: "content", quarantine: { enabled: true, bytesPerDayMax: 7 } })).toEqual({
      ver: 5,
      web: { ...where, quarantine: 7 },
    });
    expect(await once({ quarantine: DEFAULTS.quarantine })).toEqual({ ver: 6, web: where });
    vi.useRealTimers();
  });

  it("is not published anew for sinks, nor for what stays as it was", async () => {
    const before = await count("changes");
    succeeded(await put({ sinks: [S3] }));
    succeeded(await put({ dedupe: "content" }));
    expect(await count("changes")).toBe(before);
  });
});
