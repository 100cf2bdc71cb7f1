/** A query of dataset `web` as storage carries it out when another server, on loopback, answers it. */
import { readSealKeys, seal, upstreamSecretContext } from "../../src/access/seal.ts";
import type { UpstreamSettings } from "../../src/access/upstream-settings.ts";
import { parseExpression } from "../../src/edge/query/apl/parse.ts";
import type { Answer, Asked } from "../../src/edge/query/asked.ts";
import type { Means } from "../../src/edge/query/means.ts";
import { readAplRequest } from "../../src/edge/query/request/apl.ts";
import { readLegacyRequest } from "../../src/edge/query/request/legacy.ts";
import { type Outside, runUpstream } from "../../src/edge/query/upstream/forward.ts";

export const NOW = Date.UTC(2026, 0, 2, 12);
const SEAL_KEYS = readSealKeys("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
const DATASET_ID = "id-of-web";

export function upstream(
  type: UpstreamSettings["type"],
  url: string,
  options = {},
  secrets: Record<string, string> = {},
): UpstreamSettings {
  const sealed = Object.entries(secrets).map(([name, text]) => [name, seal(text, SEAL_KEYS, upstreamSecretContext(DATASET_ID, name))]);
  return { type, url, options, secrets: Object.fromEntries(sealed) };
}

interface More {
  search?: string;
  datasets?: string[];
  virtual?: Record<string, string>;
  outside?: Partial<Outside>;
}

/** @param query an APL request's body, or with `dataset` one of the older language. */
export async function answerTo(settings: UpstreamSettings | null, query: Record<string, unknown>, more: More = {}): Promise<Answer | null> {
  const { search = "", datasets = ["web"], virtual = {}, outside = {} } = more;
  const bytes = new TextEncoder().encode(JSON.stringify(query));
  const parameters = new URLSearchParams(search);
  const asked: Asked = {
    question:
      "apl" in query
        ? { kind: "apl", request: readAplRequest(bytes, parameters, NOW * 1_000) }
        : { kind: "legacy", request: readLegacyRequest(bytes, parameters, NOW * 1_000), dataset: "web" },
    destinations: Object.fromEntries(
      datasets.map((dataset) => [
        dataset,
        { org: "o", dataset, datasetId: dataset === "web" ? DATASET_ID : `id-of-${dataset}`, region: "r" },
      ]),
    ),
    shards: 1,
    now: NOW,
  };
  const means: Means & { upstreams: ReadonlyMap<string, UpstreamSettings> } = {
    open: () => {
      throw new Error("our own engine was asked");
    },
    virtualFields: new Map([["web", new Map(Object.entries(virtual).map(([name, text]) => [name, parseExpression(text)]))]]),
    messages: [],
    clock: () => NOW,
    upstreams: new Map(settings ? [["web", settings]] : []),
  };
  return runUpstream(asked, means, { fetch, sealKeys: SEAL_KEYS, ...outside });
}

export function bodyOf(answer: Answer | null): Record<string, unknown> {
  if (answer?.kind !== "answered") throw new Error(`not answered: ${JSON.stringify(answer)}`);
  return JSON.parse(new TextDecoder().decode(answer.body)) as Record<string, unknown>;
}

export function refusalOf(answer: Answer | null): { reason: string; detail: string } {
  if (answer?.kind !== "refused") throw new Error(`not refused: ${JSON.stringify(answer)}`);
  return answer;
}
