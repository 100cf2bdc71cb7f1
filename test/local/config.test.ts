/** What wrangler.toml says twice, once for each Worker and once in the code. */

import { describe, expect, it } from "vitest";
import { experimental_readRawConfig as readRawConfig } from "wrangler";
import { RETENTION_CRON } from "../../src/edge/life.ts";
import { CONFIG, EDGES, kindOf, STORAGES, WORKERS } from "../../src/local/bundle.ts";
import { readSecrets, secretsOf } from "../../src/local/state.ts";
import { remove, temporaryFolder } from "./command.ts";

interface Section {
  name: string;
  workers_dev?: boolean;
  routes?: unknown;
  placement?: unknown;
  triggers?: { crons: string[] };
  secrets: { required: string[] };
  r2_buckets?: unknown;
  durable_objects?: { bindings: { name: string; script_name?: string }[] };
  services?: { binding: string; service: string }[];
  vars: Record<string, unknown>;
}

const sections = readRawConfig({ config: CONFIG }).rawConfig.env as unknown as Record<string, Section>;

function sectionOf(name: string): Section {
  const section = sections[name];
  if (!section) throw new Error(`wrangler.toml has no section ${name}`);
  return section;
}

describe("wrangler.toml", () => {
  it.each(EDGES)("wakes %s every hour, and once a day for retention", (edge) => {
    const crons = sectionOf(edge).triggers?.crons ?? [];
    expect(crons).toHaveLength(2);
    expect(crons).toContain(RETENTION_CRON);
    expect(crons.find((cron) => cron !== RETENTION_CRON)).toMatch(/^\d+ \* \* \* \*$/);
  });

  it.each(WORKERS)("asks for the secrets that %s is given, and no others", (section) => {
    const folder = temporaryFolder();
    const given = secretsOf(section, readSecrets(`${folder}/secrets.json`));
    remove(folder);
    expect(sectionOf(section).secrets.required.toSorted()).toEqual(Object.keys(given).toSorted());
    const expected = {
      management: ["SETUP_TOKEN", "SINK_SECRETS_KEY", "TOKEN_TAG_KEYS"],
      edge: ["TOKEN_TAG_KEYS"],
      storage: ["SINK_SECRETS_KEY"],
    };
    expect(Object.keys(given).toSorted()).toEqual(expected[kindOf(section)]);
  });

  it("has one storage for each edge", () => {
    expect(STORAGES).toEqual(EDGES.map((edge) => `${edge}-storage`));
  });

  it.each(EDGES)("leads %s to its own storage, which keeps events where the edge does", (name) => {
    const edge = sectionOf(name);
    const storage = sectionOf(`${name}-storage`);
    expect(edge.services?.find(({ binding }) => binding === "STORAGE")?.service).toBe(storage.name);
    for (const object of ["BUFFER", "TAIL"])
      expect(edge.durable_objects?.bindings.find((binding) => binding.name === object)?.script_name).toBe(storage.name);
    expect(storage.r2_buckets).toEqual(edge.r2_buckets);
    expect(storage.placement).toEqual(edge.placement);
    for (const setting of ["REGION", "JURISDICTION", "LOCATION_HINT"]) expect(storage.vars[setting]).toEqual(edge.vars[setting]);
  });

  it.each(STORAGES)("gives %s no address and no cron", (name) => {
    expect(sectionOf(name)).toMatchObject({ workers_dev: false });
    for (const way of ["routes", "route", "custom_domains", "triggers"]) expect(sectionOf(name)).not.toHaveProperty(way);
  });
});
