/**
 * Takes over tokens that Axiom made, so that senders need not be changed. They are known by their digest like any other; their form has
 * neither checksum nor tag, so a deployment says with `IMPORTED_TOKENS` that it takes it.
 */
import * as v from "valibot";
import { digestOf, importedKind } from "../../../access/token.ts";
import { Problem } from "../../../problem.ts";
import type { Caller } from "../../caller.ts";
import { datasetIds } from "../../datasets/store.ts";
import { settingsOf } from "../../env.ts";
import { type Request, readBody } from "../../request.ts";
import { PEOPLE, type Route } from "../../route.ts";
import { makeLegacyToken } from "./make.ts";
import { type LegacyKind, LegacyMembers, viewLegacyToken } from "./shape.ts";
import type { Secret } from "./store.ts";

/**
 * Until when an edge may still hold that there is no such token, because somebody sent it before it was imported. A token of our own
 * making cannot have been sent before.
 */
const UNKNOWN_ELSEWHERE_MS = 60_000;

const Import = v.strictObject({
  ...LegacyMembers,
  token: v.nullish(v.string()),
  /** SHA-256 of the token, hexadecimal or base64url, for who would rather not send it. */
  digest: v.nullish(v.string()),
  /** With `digest`, which does not tell. */
  kind: v.nullish(v.picklist(["api", "ingest"], "must be api or ingest")),
});
type Import = v.InferOutput<typeof Import>;

export const importTokens: Route[] = [
  { method: "POST", path: "/v2/tokens/import", as: "caller", by: PEOPLE, needs: "apiTokens:create", run: take },
];

async function take(c: Request, caller: Caller): Promise<Response> {
  if (!settingsOf(c.env).importedTokens)
    throw new Problem(
      "not-configured",
      'this deployment takes no tokens of Axiom\'s: set IMPORTED_TOKENS to "true" for management and every edge',
    );
  const { token, digest, kind, ...request } = await readBody(c, Import);
  const imported = secretOf({ token, digest, kind });
  const made = await makeLegacyToken(c, caller, imported.kind, request, imported, { imported: true });
  const names = new Map([...(await datasetIds(c.env.DB, caller.org))].map(([name, id]) => [id, name]));
  return c.json({ ...viewLegacyToken(made, names), usableFrom: new Date(c.var.now + UNKNOWN_ELSEWHERE_MS).toISOString() });
}

/** @throws Problem `body-invalid`, without a word of the token. */
function secretOf({ token, digest, kind }: Pick<Import, "token" | "digest" | "kind">): Secret & { kind: LegacyKind } {
  if ((typeof token === "string") === (typeof digest === "string"))
    throw new Problem("body-invalid", "the body must hold either the token or its SHA-256 as digest");
  if (typeof token === "string") {
    const found = importedKind(token);
    if (!found || (kind && kind !== found))
      throw new Problem("body-invalid", "token must be xait- or xaat- and a lower-case UUID of version 4, of the kind named if one is");
    return { kind: found, digest: digestOf(token), hint: token.slice(-4) };
  }
  return { kind: kind ?? "ingest", digest: readDigest(digest ?? ""), hint: "" };
}

function readDigest(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex").toString("base64url");
  // the last of 43 characters holds four bits: any other spelling of them would be another key
  if (/^[\w-]{43}$/.test(text) && Buffer.from(text, "base64url").toString("base64url") === text) return text;
  throw new Problem("body-invalid", "digest must be the SHA-256 of the whole token: 64 hexadecimal digits, or 43 characters of base64url");
}
