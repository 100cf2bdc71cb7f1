import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { mintToken } from "../../src/access/token.ts";
import { type EdgeEnv, settingsOf } from "../../src/edge/env.ts";
import worker from "../../src/edge/worker.ts";
import { describeTransport } from "../describe-transport.ts";
import { env, HERE, organisation, token } from "./gateway.ts";

const away = () => Promise.reject(new Error("away"));

/** No store answers, and the isolate remembers nothing of a token that was not used before. */
const ALONE = {
  ...env,
  PERMISSIONS: { get: away },
  AUTHORITY: { lookUpToken: away, lookUpOrganisation: away, changesSince: away },
} as unknown as EdgeEnv;

describeTransport("an edge", async () => {
  const org = await organisation({ web: HERE });
  return {
    token: await token(org, { web: ["ingest:create"] }),
    unknown: mintToken("api", settingsOf(env).tagKeys),
    async send({ headers = [], query = "", body = '[{"a":1}]', alone }) {
      const request = new Request(`https://edge.example/v1/ingest/web${query}`, { method: "POST", headers: new Headers(headers), body });
      const context = createExecutionContext();
      const response = await worker.fetch(request as never, alone ? ALONE : env, context);
      await waitOnExecutionContext(context);
      return response;
    },
  };
});
