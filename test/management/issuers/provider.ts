/** An identity provider of its own for each test, on the tests' Internet, and what an organisation says of it. */
import { claimsOf, type Signer, SUBJECT, signer } from "../../access/workload/issuer.ts";
import { type Answer, call, type Deployment, succeeded } from "../client.ts";

export interface Provider {
  issuer: string;
  jwksUri: string;
  signer: Signer;
  /** Replaces what it publishes as its keys. */
  publish(...signers: Signer[]): Promise<void>;
  /** A token for an audience, made now. Members as in `Signer`. */
  token(audience: string, claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

let providers = 0;

export async function provider(): Promise<Provider> {
  const issuer = `https://p${++providers}-${crypto.randomUUID().slice(0, 8)}.idp.example`;
  const jwksUri = `${issuer}/jwks`;
  const own = await signer("ES256");
  const publish = (...signers: Signer[]) => put(jwksUri, JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }));
  await publish(own);
  await put(`${issuer}/.well-known/openid-configuration`, JSON.stringify({ issuer, jwks_uri: jwksUri }));
  const token: Provider["token"] = (aud, claims = {}, header = {}) => {
    const now = Math.floor(Date.now() / 1_000);
    return own.token({ ...claimsOf(), iss: issuer, aud, iat: now - 10, exp: now + 600, ...claims }, header);
  };
  return { issuer, jwksUri, signer: own, publish, token };
}

export async function put(url: string, body: string, { status = 200, headers = {} as Record<string, string> } = {}): Promise<void> {
  await fetch(url, { method: "PUT", body: JSON.stringify({ status, headers, body }) });
}

/** Takes a page away. @returns how often it was asked for. */
export async function takeAway(url: string): Promise<number> {
  return Number(await (await fetch(url, { method: "DELETE" })).text());
}

export const may = (datasets: Record<string, string[]>, when: unknown[] = [{ claim: "sub", equals: SUBJECT }]) => [
  { when, grants: { datasets } },
];

export const audienceOf = ({ org }: Deployment): string => `urn:headgate:${org}`;

export async function trust({ session }: Deployment, { issuer }: Provider, more: Record<string, unknown> = {}): Promise<Answer> {
  const claims = may({ "*": ["ingest:create"] });
  return succeeded(await call("POST", "/v2/auth/issuers", session, { name: "CI", issuer, claims, ...more }));
}
