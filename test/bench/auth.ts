/**
 * What finding out who sends costs: requests with an empty batch, which stores nothing, with a credential of each kind. Two floors are
 * measured in turn with them: a Worker that drains the same bodies, and the same edge where its door stands open, so that the difference
 * to that one is the credential's alone: reading it, the documents, the account and its count of use.
 */

import { OPEN_WORD } from "./auth-marks.ts";
import * as credentials from "./credentials.ts";
import { drive, openConnections, progress, SENDERS, type Target } from "./load.ts";
import { type Stage, targetOf } from "./stage.ts";
import { median } from "./table.ts";

/** What a token that the isolate knows may add to the edge with an open door, in microseconds on a processor per request. */
const CACHED_US_MAX = 50;
/** Many short turns instead of a few long ones: what the neighbours do then falls on all rows alike. */
const TURNS_PER_ROUND = 3;
const WARM_UP_TURNS = 3;
/** Those that the bound is about come as often in a turn, in turn with each other. */
const TIMES = 6;
const REQUESTS = 100;
/** Below what an isolate may ask in a second; a turn in each round, which are seconds apart. */
const REQUESTS_OF_AUTHORITY = 16;

interface Kind {
  name: string;
  requests: number;
  /** Absent: once in each turn. */
  often?: "several times" | "in each round";
  /** Null: none is sent. */
  token(stage: Stage): Promise<string | null>;
  answer: Pick<Target, "status" | "expect">;
}

const TAKEN = { requests: REQUESTS, answer: { status: 200, expect: `"ingested":0,"failed":0` } };
const refused = (reason: string) => ({ requests: REQUESTS, answer: { status: 401, expect: `urn:headgate:problem:${reason}` } });

const DRAIN = "a draining Worker";
const OPEN = "an open door";
const CACHED = "cached hit";

/** The first one goes first at first: the door stands open to those who come after somebody. */
const allKinds = (): Kind[] => [
  { ...TAKEN, name: CACHED, often: "several times", token: once(credentials.publishedToken) },
  { ...TAKEN, name: OPEN, often: "several times", token: async () => OPEN_WORD },
  { ...TAKEN, name: DRAIN, often: "several times", token: async () => OPEN_WORD, answer: { status: 200, expect: "drained" } },
  { ...TAKEN, name: "KV hit", token: once(credentials.forgottenToken) },
  { ...TAKEN, name: "authority hit", often: "in each round", requests: REQUESTS_OF_AUTHORITY, token: once(credentials.unpublishedToken) },
  { ...refused("credential-missing"), name: "no credential", token: async () => null },
  { ...refused("credential-malformed"), name: "malformed token", token: once(credentials.mistypedToken) },
  { ...refused("credential-malformed"), name: "wrong tag", token: once(credentials.foreignToken) },
  { ...refused("token-revoked"), name: "revoked token", token: once(credentials.revokedToken) },
  { ...TAKEN, name: "JWT ES256", token: once((stage) => credentials.jwt(stage, "ES256")) },
  { ...TAKEN, name: "JWT RS256", token: once((stage) => credentials.jwt(stage, "RS256")) },
  { ...TAKEN, name: "token with limits", token: once(credentials.limitedToken) },
];

/** Microseconds on a processor per request by a kind's name, of one turn. */
type Turn = Map<string, number>;
type Send = (kind: Kind) => Promise<number>;

/**
 * Needs an edge that is built with AUTH_EDGE. What the bound is about is measured before any other kind is sent: those fill and
 * empty the isolate's memory, and their look-ups and garbage would be on its account.
 */
export async function measureAuth(stage: Stage, rounds: number): Promise<void> {
  const send = await senderTo(stage);
  const kinds = allKinds();
  const alone = kinds.filter(({ often }) => often === "several times");
  const quiet = await turnsOf("alone", rounds, () => bounded(alone, send));
  const turns = await turnsOf("all", rounds, async (number) => {
    const turn = await bounded(alone, send);
    const others = kinds.filter(({ often }) => often === undefined || (often === "in each round" && number % TURNS_PER_ROUND === 0));
    for (const kind of others) turn.set(kind.name, await send(kind));
    return turn;
  });
  printAuth(kinds, turns, quiet);
}

async function turnsOf(name: string, rounds: number, turn: (number: number) => Promise<Turn>): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (let number = -WARM_UP_TURNS; number < rounds * TURNS_PER_ROUND; number++) {
    progress(number < 0 ? `${name}: warming up` : `${name}: round ${1 + Math.floor(number / TURNS_PER_ROUND)} of ${rounds} `);
    const measured = await turn(number);
    if (number >= 0) turns.push(measured);
  }
  progress("");
  return turns;
}

/** Each after each: what one leaves to the collector is on the next one's account. */
async function bounded(kinds: Kind[], send: Send): Promise<Turn> {
  const sums = new Map(kinds.map(({ name }) => [name, 0]));
  for (const kind of kinds) await send(kind); // what came before is on nobody's
  for (let time = 0; time < TIMES; time++)
    for (const kind of time % 2 ? kinds.toReversed() : kinds) sums.set(kind.name, (sums.get(kind.name) ?? 0) + (await send(kind)));
  return new Map([...sums].map(([name, sum]) => [name, sum / TIMES]));
}

/** @returns what sends one turn of a kind and tells what a request of it cost. */
async function senderTo(stage: Stage): Promise<Send> {
  const { url, headers } = targetOf(await stage.dataset("auth"), "application/json", "");
  const { authorization: _, ...others } = headers;
  for (const each of [url, stage.floor]) await openConnections(each, SENDERS);
  return async ({ name, requests, token: find, answer }) => {
    const token = await find(stage);
    const target = { url: name === DRAIN ? stage.floor : url, headers: token ? { ...others, authorization: `Bearer ${token}` } : others };
    const bodies = Array.from({ length: requests }, () => Buffer.from("[]"));
    return ((await drive({ ...target, ...answer }, bodies, stage.workerd)).cpuSeconds * 1e6) / requests;
  };
}

function printAuth(kinds: Kind[], turns: Turn[], quiet: Turn[]): void {
  const of = (name: string) => (quiet[0]?.has(name) ? quiet : turns);
  const over = (name: string, floor: string) =>
    median(of(name).flatMap((turn) => (turn.has(name) ? Number(turn.get(name)) - Number(turn.get(floor)) : [])));
  const absolute = (name: string) => median(of(name).flatMap((turn) => turn.get(name) ?? []));
  console.log(`auth: an empty batch by ${SENDERS} senders; microseconds on a processor per request, of the whole process: the simulated KV,
database and Durable Objects are in it. Added to a Worker that drains the same, and to the same edge where nobody is asked who comes.
The first three come alone, before all others`);
  printLine("", "per request", "over draining", "over an open door");
  for (const { name } of kinds)
    printLine(name, ...[absolute(name), over(name, DRAIN), over(name, OPEN)].map((microseconds) => microseconds.toFixed(0)));
  const added = over(CACHED, OPEN);
  console.log(
    `cached hit adds ${added.toFixed(0)} µs (bound ${CACHED_US_MAX} µs)${added > CACHED_US_MAX ? ": BEYOND THE BOUND" : ""}: ` +
      `what the open door spares, ${(added / absolute(DRAIN)).toFixed(2)} of a drained request\n`,
  );
}

function printLine(name: string, ...cells: string[]): void {
  console.log(name.padEnd(22) + cells.map((cell) => cell.padStart(18)).join(""));
}

/** The same one in all turns. */
function once(make: (stage: Stage) => string | Promise<string>): Kind["token"] {
  let made: string | undefined;
  return async (stage) => {
    made ??= await make(stage);
    return made;
  };
}
