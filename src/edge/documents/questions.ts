/** What one isolate asks of the authority, and how much of it. */
import {
  AUTHORITY_TIMEOUT_MS,
  AUTHORITY_TIMEOUT_PROVEN_MS,
  isWithin,
  LOOKUPS_PER_SECOND_MAX,
  MISSES_PER_SECOND_MAX,
} from "../../access/staleness.ts";
import { Problem } from "../../problem.ts";
import type { Authority, EdgeEnv } from "../env.ts";
import type { Visit } from "../visit.ts";
import { untilSeen, within } from "../within.ts";
import { openBudget } from "./budget.ts";
import type { Document, Held } from "./memory.ts";

/** How long a request waits for what another one is asking already. */
const ASKED_BY_OTHERS_MS = 1_000;

/** What is looked up, and who knows it. */
export interface Subject<T> {
  key: string;
  read(value: unknown): T | null;
  ask(authority: Authority): Promise<unknown>;
  /** Whether a sender may name one that does not exist. */
  guessable: boolean;
  /** What the budget for unknown ones is called; a flood of one kind leaves the others theirs. */
  kind: "credential" | "issuer";
}

/** How much is known of a subject already. */
export interface Circumstances {
  /** That it exists. */
  exists: boolean;
  /** Something that can serve if there is no answer: then none is waited for long. */
  fallback: boolean;
}

export interface Questions {
  /** @throws Problem `store-unavailable` when the authority does not answer or may not be asked. Null: there is no such thing. */
  ask<T extends Document>(subject: Subject<T>, circumstances: Circumstances, visit: Visit, env: EdgeEnv): Promise<T | null>;
  /**
   * The same of what is known already, for a purpose that has a budget of its own. It stays as it is when the authority knows of no such
   * thing: what has been published is ended, never removed.
   */
  askAnew<T extends Document>(subject: Subject<T>, known: T, purpose: string, otherwise: Otherwise, env: EdgeEnv, now: number): Promise<T>;
}

/** What is done once the budget is spent. */
export interface Otherwise {
  /** Whether what another request learns may be waited for. */
  mayWait: boolean;
  /** Age at which what is held is answer enough; null: at none. */
  ageMax: number | null;
}

/**
 * @param held what the isolate remembers under a key, @param isOutdated whether it has heard of a newer version, @param keep where
 * answers go.
 */
export function openQuestions(isolate: {
  held(key: string): Held | undefined;
  isOutdated(key: string, ver: number): boolean;
  keep(key: string, document: Document | null, now: number): void;
}): Questions {
  const budget = openBudget();

  /**
   * What another request of this isolate learns meanwhile: a crowd of senders that begins with a new token or dataset asks a few times,
   * and all of it hears the answer. The value is shared, never the other request's promise.
   */
  async function answerToOthers(key: string): Promise<Held | null> {
    const before = isolate.held(key);
    await untilSeen(ASKED_BY_OTHERS_MS, () => isolate.held(key) !== before);
    const held = isolate.held(key);
    return held !== before && held ? held : null;
  }

  async function answerOf<T extends Document>({ key, ask, read }: Subject<T>, ms: number, env: EdgeEnv): Promise<T | null> {
    const once = () => askAuthority(ms, () => ask(env.AUTHORITY), read);
    const outdated = (document: T | null) => document !== null && isolate.isOutdated(key, document.ver);
    let document = await once();
    // changed, and the feed was faster than the answer
    if (outdated(document)) document = await once();
    if (outdated(document)) throw unavailable("the credential is being changed; send again in a second");
    return document;
  }

  return {
    async ask<T extends Document>(subject: Subject<T>, { exists, fallback }: Circumstances, visit: Visit, env: EdgeEnv) {
      const { now, ip } = visit;
      if (subject.guessable && !exists && budget.isGuessing(ip, now))
        throw unavailable("this address has sent too many tokens that do not exist; send again in a minute");
      if (!budget.spend(subject.kind, LOOKUPS_PER_SECOND_MAX, now)) {
        const answered = fallback ? null : await answerToOthers(subject.key);
        if (answered) return answered.document as T | null;
        throw unavailable("too many unknown credentials at once; send again in a second");
      }
      const document = await answerOf(subject, fallback ? AUTHORITY_TIMEOUT_PROVEN_MS : AUTHORITY_TIMEOUT_MS, env);
      isolate.keep(subject.key, document, now);
      if (document === null && subject.guessable) budget.countUnknown(ip, now);
      return document;
    },
    async askAnew<T extends Document>(
      subject: Subject<T>,
      known: T,
      purpose: string,
      { mayWait, ageMax }: Otherwise,
      env: EdgeEnv,
      now: number,
    ) {
      const { key } = subject;
      if (budget.spend(`${purpose}:${key}`, MISSES_PER_SECOND_MAX, now)) {
        const document = (await answerOf(subject, AUTHORITY_TIMEOUT_MS, env)) ?? known;
        isolate.keep(key, document, now);
        return document;
      }
      const held = isolate.held(key);
      if (ageMax !== null && held?.document && isWithin(ageMax, held.at, now)) return held.document as T;
      const answered = mayWait ? await answerToOthers(key) : null;
      if (answered?.document) return answered.document as T;
      throw unavailable("the dataset's name is not known here yet; send again in a second");
    },
  };
}

/** @throws Problem also for an answer that cannot be read: it is from another version of management, and no "unknown". */
async function askAuthority<T>(ms: number, ask: () => Promise<unknown>, read: (value: unknown) => T | null): Promise<T | null> {
  let answer: unknown;
  try {
    answer = await within(ms, ask());
  } catch (error) {
    console.warn("authority look-up failed", String(error));
    throw unavailable("the credential cannot be checked at the moment; send again in a second");
  }
  const document = read(answer);
  if (answer !== null && document === null) {
    console.error("the authority's answer is of another version; deploy the edges and management alike");
    throw unavailable("the credential cannot be checked at the moment; send again in a second");
  }
  return document;
}

function unavailable(detail: string): Problem {
  return new Problem("store-unavailable", detail);
}
