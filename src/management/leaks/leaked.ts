/** Tokens of ours among texts that somebody found, and what there is in D1 of them. */
import { digestOf, parseToken, type TokenKind } from "../../access/token.ts";
import type { ManagementSettings } from "../env.ts";

/** A text that has the form of a token of this deployment. Whether there is such a token, only the database knows. */
export interface Suspect {
  digest: string;
  kind: TokenKind;
  /** Where it was found, as far as it was said. */
  found: string | null;
}

/** What people read in the audit log. */
const FOUND_LENGTH_MAX = 500;

/** Does no I/O: a text that is none of our tokens costs nothing. */
export function suspectOf(text: string, found: string, { tagKeys, importedTokens }: ManagementSettings): Suspect | null {
  const kind = parseToken(text, tagKeys, importedTokens);
  if (!kind) return null;
  // a place that spells the token out would bring it into the audit log
  const place = found === "" || found.includes(text) ? null : found.slice(0, FOUND_LENGTH_MAX);
  return { digest: digestOf(text), kind, found: place };
}

export interface Leaked extends Suspect {
  table: "tokens" | "personal_tokens" | "sessions";
  id: string;
  name: string;
  /** In whose audit log it belongs: the token's, or its user's home. */
  org: string;
  /** Whether there is anything to end. */
  live: boolean;
}

/** Digests in one query; D1 takes a parameter of 2 MB. */
const DIGESTS_PER_QUERY = 5_000;

const TABLES: Record<TokenKind, Leaked["table"]> = { api: "tokens", ingest: "tokens", personal: "personal_tokens", session: "sessions" };

/** An expired token may be regenerated, so it is not done with; a session that has ended cannot come back. */
const QUERIES: Record<Leaked["table"], string> = {
  tokens: "SELECT digest, id, name, org, status = 'active' AS live FROM tokens",
  personal_tokens: `SELECT p.digest, p.id, p.name, u.org, p.status = 'active' AS live
    FROM personal_tokens p JOIN users u ON u.id = p.user_id`,
  sessions: `SELECT s.digest, s.id, s.description AS name, u.org, s.ended_at IS NULL AS live
    FROM sessions s JOIN users u ON u.id = s.user_id`,
};

type Row = Pick<Leaked, "id" | "name" | "org"> & { digest: string; live: 0 | 1 };

/** Those that are or once were tokens of this deployment. */
export async function lookUpLeaked(db: D1Database, suspects: readonly Suspect[]): Promise<Leaked[]> {
  const byDigest = new Map(suspects.map((suspect) => [suspect.digest, suspect]));
  const leaked: Leaked[] = [];
  for (const table of Object.keys(QUERIES) as Leaked["table"][]) {
    const digests = [...byDigest.values()].filter(({ kind }) => TABLES[kind] === table).map(({ digest }) => digest);
    for (let from = 0; from < digests.length; from += DIGESTS_PER_QUERY) {
      const some = JSON.stringify(digests.slice(from, from + DIGESTS_PER_QUERY));
      const query = db.prepare(`${QUERIES[table]} WHERE digest IN (SELECT value FROM json_each(?))`);
      for (const row of (await query.bind(some).all<Row>()).results) {
        const suspect = byDigest.get(row.digest);
        if (suspect) leaked.push({ ...suspect, ...row, table, live: row.live === 1 });
      }
    }
  }
  return leaked;
}
