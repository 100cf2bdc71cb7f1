/** `/v2/tokens`. A token's capabilities never change, so there is no update of the whole: duplicate or regenerate it. */
import type { Caller } from "../caller.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { answerWithSecret, datasetNames, tokenOfPath } from "./answer.ts";
import { create } from "./create.ts";
import { current } from "./current.ts";
import { getDetails, list, usage } from "./details.ts";
import { NewToken } from "./draft.ts";
import { changeSettings, disable, enable, shorten } from "./edit.ts";
import { identify } from "./identify.ts";
import { Regeneration, regenerate } from "./regenerate.ts";
import { remove } from "./remove.ts";
import { viewToken } from "./store.ts";

const any = { as: "caller", by: ANY_CREDENTIAL } as const;

export const tokens: Route[] = [
  { method: "GET", path: "/v2/tokens", ...any, needs: "apiTokens:read", run: list },
  { method: "POST", path: "/v2/tokens", ...any, needs: "apiTokens:create", run: make },
  // before `:id`, which they would be taken for
  { method: "GET", path: "/v2/tokens/current", ...any, needs: null, run: current },
  { method: "POST", path: "/v2/tokens/identify", ...any, needs: "apiTokens:read", run: identify },
  { method: "GET", path: "/v2/tokens/:id", ...any, needs: "apiTokens:read", run: get },
  // `remove` asks for apiTokens:delete, except of a token that deletes itself
  { method: "DELETE", path: "/v2/tokens/:id", ...any, needs: null, run: remove },
  { method: "GET", path: "/v2/tokens/:id/details", ...any, needs: "apiTokens:read", run: getDetails },
  { method: "GET", path: "/v2/tokens/:id/usage", ...any, needs: "apiTokens:read", run: usage },
  { method: "PUT", path: "/v2/tokens/:id/settings", ...any, needs: "apiTokens:update", run: changeSettings },
  { method: "PUT", path: "/v2/tokens/:id/expiry", ...any, needs: "apiTokens:update", run: shorten },
  { method: "POST", path: "/v2/tokens/:id/disable", ...any, needs: "apiTokens:update", run: disable },
  { method: "POST", path: "/v2/tokens/:id/enable", ...any, needs: "apiTokens:update", run: enable },
  { method: "POST", path: "/v2/tokens/:id/regenerate", ...any, needs: "apiTokens:update", run: renew },
];

async function make(c: Request, caller: Caller): Promise<Response> {
  return answerWithSecret(c, caller, await create(c, caller, await readBody(c, NewToken)));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(viewToken(await tokenOfPath(c, caller), await datasetNames(c.env.DB, caller.org)));
}

async function renew(c: Request, caller: Caller): Promise<Response> {
  return answerWithSecret(c, caller, await regenerate(c, caller, c.req.param("id") ?? "", await readBody(c, Regeneration)));
}
