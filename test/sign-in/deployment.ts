/** A gateway of its own for a test file, with an owner who has just signed in by the setup token. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { digestOf } from "../../src/access/token.ts";
import { type Gateway, openGateway } from "../../src/local/gateway.ts";
import { findFree } from "../../src/local/ports.ts";

export interface Deployment {
  gateway: Gateway;
  url: string;
  org: string;
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
  const setup = await call<{ org: { id: string }; session: string }>(
    url,
    "POST",
    "/v2/setup",
    { organisation: "Acme <b>", name: "Ada", email: "ada@acme.example" },
    { authorization: `Bearer ${gateway.secrets.SETUP_TOKEN}` },
  );
  const org = setup.body.org.id;
  const asOwner = { authorization: `Bearer ${setup.body.session}`, "x-axiom-org-id": org };
  return { gateway, url, org, asOwner, api: (method, where, body, headers = asOwner) => call(url, method, where, body, headers) };
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

export async function invite({ gateway, org }: Deployment, email: string, role = "read-only"): Promise<Invited> {
  const { database: db } = gateway;
  const user = randomUUID();
  const token = `xain-${randomUUID()}${randomUUID()}`;
  const now = Date.now();
  await db.batch([
    db
      .prepare("INSERT INTO users (id, org, name, email, status, created_at, ver, change_id) VALUES (?, ?, ?, ?, 'active', ?, 1, '')")
      .bind(user, org, email, email, now),
    db
      .prepare("INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) VALUES (?, ?, ?, ?, ?, 1, '')")
      .bind(`${org}/${user}`, org, user, role, now),
    db
      .prepare(
        `INSERT INTO invitations (id, org, user_id, digest, status, expires_at, created_at, created_by, change_id)
        VALUES (?, ?, ?, ?, 'open', ?, ?, 'test', '')`,
      )
      .bind(randomUUID(), org, user, digestOf(token), now + 86_400_000, now),
  ]);
  return { user, token };
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
