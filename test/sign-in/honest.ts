/** oidc-provider: a certified OpenID provider, whose two forms are filled in by `signInAt`. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import type { Browser } from "./browser.ts";

export interface Account {
  email?: string;
  email_verified?: boolean;
  [claim: string]: unknown;
}

export interface Honest {
  issuer: string;
  /** By login, which is also the subject. */
  accounts: Map<string, Account>;
  close(): void;
}

export const CLIENT = { clientId: "headgate", clientSecret: "secret-of-the-client, with: signs & 100%" };

/** @param redirectUris must be known before somebody signs in; the array may grow until then. */
export async function openHonest(redirectUris: () => string[], idTokenHasAll = true): Promise<Honest> {
  const server: Server = createServer((request, response) => callback(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const accounts = new Map<string, Account>();
  const make = () =>
    new Provider(issuer, {
      clients: [
        {
          client_id: CLIENT.clientId,
          client_secret: CLIENT.clientSecret,
          redirect_uris: redirectUris(),
          grant_types: ["authorization_code"],
          response_types: ["code"],
        },
      ],
      pkce: { required: () => true },
      features: { devInteractions: { enabled: true } },
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
      conformIdTokenClaims: !idTokenHasAll,
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
      cookies: { keys: ["cookie-key-of-the-tests"] },
      findAccount: (_: unknown, sub: string) => {
        const account = accounts.get(sub);
        return account && { accountId: sub, claims: () => ({ sub, ...account }) };
      },
    }).callback();
  let callback: ReturnType<typeof make> = (request, response) => {
    callback = make();
    callback(request, response);
  };
  return {
    issuer,
    accounts,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** From the provider's first page to the address of our callback, which is not visited. */
export async function signInAt(browser: Browser, authorization: string, login: string): Promise<string> {
  const stop = /\/callback\?|\/interaction\//;
  let at = await browser.follow(authorization, stop);
  while (/\/interaction\//.test(at)) {
    const { text } = await browser.visit(at);
    const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] ?? "";
    const form = new URLSearchParams({ prompt, ...(prompt === "login" && { login, password: "x" }) });
    const submitted = await browser.visit(at, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
    if (!submitted.location) throw new Error(`the form ${prompt} leads nowhere: ${submitted.status} ${submitted.text.slice(0, 500)}`);
    at = await browser.follow(submitted.location, stop);
  }
  return at;
}
