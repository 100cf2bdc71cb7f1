/** A gateway of its own for a test file, with an owner who has just signed in by the setup token. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { type Gateway, openGateway } from "../../src/local/gateway.ts";
import { findFree } from "../../src/local/ports.ts";

export interface Deployment {
  gateway: Gateway;
  url: string;
  org: string;
  owner: string;
  /** As an administrator's session has it. */
  asOwner: Record<string, string>;
  api<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: T }>;
}

export async function openDeployment(): Promise<Deployment> {
  const state = mkdtempSync(path.join(tmpdir(), "headgate-test-"));
  const port = await findFree(3);
  const gateway = await openGateway({ port, state, quiet: true, managementSettings: { ALLOW_INSECURE_ISSUERS: "true" } });
  afterAll(async () => {
    await gateway.stop();
    rmSync(state, { recursive: true, force: true });
  });
  const url = gateway.urls.management;
  const setup = await call<{ org: { id: string }; user: { id: string }; session: string }>(
    url,
    "POST",
    "/v2/setup",
    { organisation: "Acme <b>", name: "Ada", email: "ada@acme.example" },
    { authorization: `Bearer ${gateway.secrets.SETUP_TOKEN}` },
  );
  const org = setup.body.org.id;
  const asOwner = { authorization: `Bearer ${setup.body.session}`, "x-axiom-org-id": org };
  return {
    gateway,
    url,
    org,
    owner: setup.body.user.id,
    asOwner,
    api: (method, where, body, headers = asOwner) => call(url, method, where, body, headers),
  };
}

async function call<T>(url: string, method: string, where: string, body: unknown, headers: Record<string, string>) {
  const response = await fetch(url + where, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : null) as T };
}

/** @returns its id. */
export async function configure({ api }: Deployment, name: string, issuer: string, more: Record<string, unknown>): Promise<string> {
  const { status, body } = await api<{ id: string }>("POST", "/v2/auth/providers", { name, type: "oidc", issuer, ...more });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.id;
}

export interface Invited {
  user: string;
  /** Of the link. */
  token: string;
}

/** As the owner does, in two steps: axiom-go knows the members of the first answer by name, so that no link stands in it. */
export async function invite(made: Deployment, email: string, role = "read-only"): Promise<Invited> {
  const { body: user } = await made.api<{ id: string }>("POST", "/v2/users", { name: email, email, role });
  return { user: user.id, token: await linkFor(made, user.id) };
}

/** Token of a new link for somebody who is in the organisation. */
export async function linkFor({ api, url }: Deployment, user: string): Promise<string> {
  const { status, body } = await api<{ url: string; token: string }>("POST", `/v2/users/${user}/invitation`);
  if (status !== 200 || body.url !== `${url}/auth/invitations/${body.token}`) throw new Error(JSON.stringify(body));
  return body.token;
}

export interface AuditRow {
  action: string;
  target: string;
  actor_kind: string;
  actor_id: string;
  detail: string;
}

/** Oldest first. */
export async function auditOf({ gateway }: Deployment, action: string): Promise<AuditRow[]> {
  return (await gateway.database.prepare("SELECT * FROM audit WHERE action = ? ORDER BY seq").bind(action).all<AuditRow>()).results;
}
