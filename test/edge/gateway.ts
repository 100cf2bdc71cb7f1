/** What edge tests share: documents put into KV as management would, and requests to the Worker under test. */
import { env as bindings, exports } from "cloudflare:workers";
import { organisationKey, organisationMap, type PermissionSet, permissionKey, permissionSet } from "../../src/access/permission-set.ts";
import { digestOf, mintToken } from "../../src/access/token.ts";
import { bufferOf } from "../../src/edge/buffer/shard.ts";
import { type EdgeEnv, settingsOf } from "../../src/edge/env.ts";
import type { StorageEnv } from "../../src/edge/storage-env.ts";

/** Those of the edge and of its storage, as both.ts is both. */
export const env = bindings as unknown as EdgeEnv & StorageEnv;
export const HERE = "cloud.us-east-1.aws";
export const ELSEWHERE = "cloud.eu-central-1.aws";

let organisations = 0;

export interface Organisation {
  id: string;
  datasets: Record<string, { id: string; region: string }>;
}

/** An organisation of its own for each caller, because the isolate's memory outlives a test's stores. */
export async function organisation(names: Record<string, string>, status: "active" | "suspended" = "active"): Promise<Organisation> {
  const id = `org-${++organisations}-${crypto.randomUUID().slice(0, 8)}`;
  const datasets = Object.fromEntries(Object.entries(names).map(([name, region]) => [name, { id: `${id}-${name}`, region }]));
  const regions = { [HERE]: "https://us.example", [ELSEWHERE]: "https://eu.example" };
  await env.PERMISSIONS.put(organisationKey(id), JSON.stringify(organisationMap({ id, status, datasets, regions, ver: 1 })));
  return { id, datasets };
}

/** A token with capabilities by dataset name, or `*`. */
export async function token(
  { id, datasets }: Organisation,
  capabilities: Record<string, string[]>,
  more: Partial<PermissionSet> = {},
): Promise<string> {
  const text = mintToken("api", settingsOf(env).tagKeys);
  const byId = Object.fromEntries(Object.entries(capabilities).map(([name, list]) => [datasets[name]?.id ?? name, list]));
  const set = permissionSet({ id: crypto.randomUUID(), org: id, status: "active", expiresAt: null, datasets: byId, ver: 1, ...more });
  await env.PERMISSIONS.put(permissionKey(digestOf(text)), JSON.stringify(set));
  return text;
}

export function send(path: string, init: RequestInit & { token?: string } = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.token) headers.set("authorization", `Bearer ${init.token}`);
  const worker = exports as unknown as { default: { fetch(url: string, init: RequestInit): Promise<Response> } };
  return worker.default.fetch(`https://edge.example${path}`, { ...init, headers });
}

export function post(path: string, body: BodyInit, init: RequestInit & { token?: string } = {}): Promise<Response> {
  return send(path, { method: "POST", body, ...init });
}

/** Writes everything of a dataset out and reads its events back, oldest segment first. */
export async function stored({ id, datasets }: Organisation, name: string): Promise<Record<string, unknown>[]> {
  const { id: datasetId, region } = datasets[name] as { id: string; region: string };
  await bufferOf(env, { org: id, dataset: name, datasetId, region }, 0).flush();
  const { objects } = await env.SEGMENTS.list({ prefix: `v1/org=${id}/dataset=${name}/` });
  const texts = await Promise.all(objects.map(async ({ key }) => inflate((await env.SEGMENTS.get(key)) as R2ObjectBody)));
  return texts.flatMap((text) => text.split("\n").filter(Boolean)).map((line) => JSON.parse(line));
}

async function inflate(object: R2ObjectBody): Promise<string> {
  const { gunzipSync } = await import("node:zlib");
  return gunzipSync(new Uint8Array(await object.arrayBuffer())).toString();
}
