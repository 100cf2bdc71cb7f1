/**
 * Ends tokens that were found where everybody can read them. Whoever shows a token could use it, so that is all the authority it takes to
 * end it: an owner who has to change a sender is better off than one whose token is anybody's.
 */
import { Problem } from "../../problem.ts";
import { type Change, type Commit, commitAll, originOf } from "../change.ts";
import { publishing } from "../publish.ts";
import type { Request } from "../request.ts";
import { type Leaked, lookUpLeaked, type Suspect } from "./leaked.ts";

/** Tokens ended by one request, which has only so much time. */
const REVOCATIONS_MAX = 500;
/** Tokens in one batch, of five statements or so each. */
const TOKENS_PER_BATCH = 20;

export interface Reporter {
  id: "anonymous" | "github";
  name: string;
}

/**
 * Revokes whatever lives. Does not check who asks. To ask again is harmless, and goes on where a request ended.
 * @returns digests of those that are or were tokens of this deployment.
 * @throws Problem `overloaded` after so many revocations, if there are more.
 */
export async function revokeLeaked(c: Request, suspects: readonly Suspect[], reporter: Reporter): Promise<Set<string>> {
  const leaked = await lookUpLeaked(c.env.DB, suspects);
  const live = leaked.filter((one) => one.live);
  const now = live.slice(0, REVOCATIONS_MAX);
  const changes = new Map(now.map((one, n) => [one, changeOf(c, one, n, reporter)]));
  for (const [org, theirs] of Map.groupBy(changes, ([{ org }]) => org)) await revokeAll(c, org, theirs);
  if (now.length < live.length)
    throw new Problem("overloaded", `${now.length} tokens were revoked, and there are more; send the same report again for the others`);
  return new Set(leaked.map(({ digest }) => digest));
}

/** Of one organisation. What was committed before a batch that failed stays, and is published by alarm. */
async function revokeAll(c: Request, org: string, theirs: [Leaked, Change][]): Promise<void> {
  const { DB: db } = c.env;
  const commits = theirs.map(([{ table, id }, change]): Commit => {
    return { change, statements: [db.prepare(REVOCATIONS[table]).bind(...valuesOf(table, id, change))], trace: { table, id } };
  });
  const revoke = async () => {
    let any = false;
    for (let from = 0; from < commits.length; from += TOKENS_PER_BATCH)
      any = (await commitAll(db, commits.slice(from, from + TOKENS_PER_BATCH))).includes(true) || any;
    return any;
  };
  // the edges hear of API and ingest tokens only
  await (theirs.some(([{ table }]) => table === "tokens") ? publishing(c, org, revoke) : revoke());
}

const REVOCATIONS: Record<Leaked["table"], string> = {
  tokens: "UPDATE tokens SET status = 'revoked', ver = ver + 1, change_id = ? WHERE id = ? AND status = 'active'",
  personal_tokens: "UPDATE personal_tokens SET status = 'revoked', change_id = ? WHERE id = ? AND status = 'active'",
  sessions: "UPDATE sessions SET change_id = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL",
};

function valuesOf(table: Leaked["table"], id: string, { id: change, at }: Change): (string | number)[] {
  return table === "sessions" ? [change, at, id] : [change, id];
}

/** Each token is a change of its own; the first has the request's trace id, the others that and a number. */
function changeOf(c: Request, { kind, table, id, name, org, found }: Leaked, n: number, reporter: Reporter): Change {
  const { traceId, now } = c.var;
  const noun = { tokens: "token", personal_tokens: "personal-token", sessions: "session" }[table];
  return {
    ...{ id: n === 0 ? traceId : `${traceId}-${n}`, at: now, org, action: `${noun}.revoke-leaked`, target: id },
    actor: { kind: "report", id: reporter.id, name: reporter.name },
    detail: { name, kind, ...(found !== null && { found }) },
    origin: originOf(c, null),
  };
}
