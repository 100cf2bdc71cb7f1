/** What management tests share: a deployment that has been set up, requests to the Worker under test, and looks into its stores. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env as bindings, exports } from "cloudflare:workers";
import { expect } from "vitest";
import { everything } from "../../src/access/capability.ts";
import { permissionKey } from "../../src/access/permission-set.ts";
import { digestOf } from "../../src/access/token.ts";
import type { ManagementEnv } from "../../src/management/env.ts";
import worker from "../../src/management/worker.ts";

export const env = bindings as unknown as ManagementEnv;
export const SETUP: Credential = { token: "setup-token-of-the-tests" };
export const US = "cloud.us-east-1.aws";
export const EU = "cloud.eu-central-1.aws";

export interface Credential {
  token: string;
  org?: string;
}

/** What the tests look at in an answer; each answer has some of it. */
export interface Answer {
  id: string;
  name: string;
  token: string;
  message: string;
  type: string;
  expiresAt: string | null;
  [member: string]: unknown;
}

export interface Reply<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** Sends JSON; a text or bytes are sent as they are. `instead`: bindings to replace, as a broken store would. */
export async function call<T = Answer>(
  method: string,
  path: string,
  credential: Credential | null,
  body?: unknown,
  { headers = {}, instead }: { headers?: Record<string, string>; instead?: Partial<ManagementEnv> & Record<string, unknown> } = {},
): Promise<Reply<T>> {
  const request = new Request(`https://management.example${path}`, {
    method,
    headers: {
      ...(credential && { authorization: `Bearer ${credential.token}` }),
      ...(credential?.org && { "x-axiom-org-id": credential.org }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) }),
  });
  const context = createExecutionContext();
  const response =
    instead || method === "DELETE"
      ? await worker.fetch(request, { ...env, ...instead }, context)
      : await (exports as unknown as { default: { fetch(request: Request): Promise<Response> } }).default.fetch(request);
  const text = await response.text();
  // a deletion goes on behind its answer, and must not meet the stores of the next test
  if (method === "DELETE") await waitOnExecutionContext(context);
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : null) as T };
}

/** The reason of a refusal, after a look at what every refusal owes. */
export function reasonOf({ status, headers, body }: Reply<Answer>): string {
  expect(headers.get("content-type")).toBe("application/json");
  expect(headers.get("x-axiom-trace-id")).toMatch(/^[0-9a-f]{32}$/);
  expect(headers.get("access-control-allow-origin")).toBe("*");
  expect(body).toMatchObject({ code: status, status, message: expect.stringMatching(/\w/) });
  return body.type.replace("urn:headgate:problem:", "");
}

export interface Deployment {
  org: string;
  owner: Credential;
  /** The owner's session, signed in just now. */
  session: Credential;
  user: { id: string; name: string; email: string };
}

export async function deployment(): Promise<Deployment> {
  const request = { organisation: "Acme", name: "Ada", email: "ada@acme.example" };
  const { org, user, token, session } = succeeded(
    await call<{ org: { id: string }; user: Deployment["user"]; token: string; session: string }>("POST", "/v2/setup", SETUP, request),
  );
  return { org: org.id, owner: { token, org: org.id }, session: { token: session, org: org.id }, user };
}

/** Another organisation that the owner founded, as the database has it. */
export async function secondOrganisation({ owner }: Deployment, org = "of-others"): Promise<Credential> {
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id)
      SELECT ?, name, status, default_region, created_at, updated_at, ver, change_id FROM orgs LIMIT 1`,
    ).bind(org),
    env.DB.prepare(
      `INSERT INTO members (id, org, user_id, role, created_at, ver, change_id)
      SELECT ? || '/' || user_id, ?, user_id, role, created_at, ver, change_id FROM members LIMIT 1`,
    ).bind(org, org),
  ]);
  return { ...owner, org };
}

export async function dataset({ owner }: Deployment, name: string, more: Record<string, unknown> = {}): Promise<Answer> {
  return succeeded(await call("POST", "/v2/datasets", owner, { name, ...more }));
}

/** An API token made by the owner. */
export async function token({ owner }: Deployment, request: Record<string, unknown>): Promise<Answer> {
  return succeeded(await call("POST", "/v2/tokens", owner, { name: "test", ...request }));
}

export function succeeded<T>({ status, body }: Reply<T>): T {
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}

/** All that an organisation's API token can do, as a request has it, but for some. */
export function allBut(...missing: string[]): Record<string, string[]> {
  const members: Record<string, string[]> = {};
  for (const capability of everything().org.filter((one) => !missing.includes(one))) {
    const [resource = "", action = ""] = capability.split(":");
    members[resource] = [...(members[resource] ?? []), action];
  }
  return members;
}

export const MAY_ALL = { datasetCapabilities: { "*": { ingest: ["create"], query: ["read"] } }, orgCapabilities: allBut() };

export function inKv<T = Record<string, unknown>>(key: string): Promise<T | null> {
  return env.PERMISSIONS.get<T>(key, "json");
}

export const keyOf = (secret: string): string => permissionKey(digestOf(secret));

export function publisherOf(org: string) {
  return env.PUBLISHER.getByName(org);
}

export interface AuditRow {
  action: string;
  target: string;
  actor_kind: string;
  actor_id: string;
  detail: string;
  trace_id: string;
  ip: string | null;
  org: string;
}

/** Oldest first. */
export async function auditRows(): Promise<AuditRow[]> {
  return (await env.DB.prepare("SELECT * FROM audit ORDER BY seq").all<AuditRow>()).results;
}

export async function count(table: "orgs" | "users" | "members" | "personal_tokens" | "tokens" | "changes" | "audit"): Promise<number> {
  return (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? 0;
}
