import { createExecutionContext } from "cloudflare:test";
import { mintToken } from "../../src/access/token.ts";
import { settingsOf } from "../../src/management/env.ts";
import worker from "../../src/management/worker.ts";
import { describeTransport } from "../describe-transport.ts";
import { deployment, env, token } from "./client.ts";

const away = () => {
  throw new Error("D1_ERROR: away");
};

describeTransport("management", async () => {
  const made = await deployment();
  return {
    token: (await token(made, { orgCapabilities: { datasets: ["read", "create"] } })).token,
    unknown: mintToken("api", settingsOf(env).tagKeys),
    async send({ headers = [], query = "", body, alone }) {
      const request = new Request(`https://management.example/v2/datasets${query}`, {
        method: body === undefined ? "GET" : "POST",
        headers: new Headers(headers),
        ...(body !== undefined && { body }),
      });
      const DB = { prepare: away, batch: away } as unknown as D1Database;
      return worker.fetch(request, alone ? { ...env, DB } : env, createExecutionContext());
    },
  };
});
