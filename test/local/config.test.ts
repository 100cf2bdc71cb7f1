/** What wrangler.toml says twice, once for each Worker and once in the code. */

import { describe, expect, it } from "vitest";
import { experimental_readRawConfig as readRawConfig } from "wrangler";
import { RETENTION_CRON } from "../../src/edge/life.ts";
import { CONFIG, WORKERS } from "../../src/local/bundle.ts";

interface Section {
  triggers?: { crons: string[] };
  secrets: { required: string[] };
}

const sections = readRawConfig({ config: CONFIG }).rawConfig.env as unknown as Record<string, Section>;
const REGIONS = WORKERS.filter((section) => section !== "management");

describe("wrangler.toml", () => {
  it.each(REGIONS)("wakes %s every hour, and once a day for retention", (region) => {
    const crons = sections[region]?.triggers?.crons ?? [];
    expect(crons).toHaveLength(2);
    expect(crons).toContain(RETENTION_CRON);
    expect(crons.find((cron) => cron !== RETENTION_CRON)).toMatch(/^\d+ \* \* \* \*$/);
  });

  it.each(WORKERS)("asks for the secrets of %s, and no others", (section) => {
    const ofAll = ["TOKEN_TAG_KEYS", "SINK_SECRETS_KEY"];
    expect(sections[section]?.secrets.required.toSorted()).toEqual(
      [...ofAll, ...(section === "management" ? ["SETUP_TOKEN"] : [])].toSorted(),
    );
  });
});
