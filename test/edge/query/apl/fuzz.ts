/**
 * The parser against what is nearly a query and what is none: `node test/edge/query/apl/fuzz.ts 1000000 [seed]`.
 * What it owes to any text: a tree, or a QueryFault that points into the text; soon; and every dataset found.
 */
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { tokensOf } from "../../../../src/edge/query/apl/lexer.ts";
import { TEXT_CHARACTERS_MAX } from "../../../../src/edge/query/apl/parse/cursor.ts";
import { datasetsIn, describeFault, parseExpression, parseQuery } from "../../../../src/edge/query/apl/parse.ts";
import { type Random, randomOf } from "../../../torture/random.ts";
import { CORPUS } from "./corpus.ts";
import { tablesAnywhere } from "./tables.ts";

/** For one input of at most 100,000 characters, the least of three tries: other programs may stop this one for a while. */
export const PARSE_MS_MAX = 250;
const MUTATIONS_MAX = 6;
/** One input in so many is grown until it is about as long as the parser takes. */
const GROWN_EACH = 5_000;
const ODD = [
  "\u0000",
  "\r",
  "\u2028",
  "\ufeff",
  "\ud800",
  "é",
  "😀",
  "\\",
  "`",
  "```",
  '"',
  "'",
  "@",
  "~",
  "!",
  "$",
  "#",
  "//",
  "__proto__",
  "datetime(",
];

export interface Findings {
  inputs: number;
  trees: number;
  faults: number;
  characters: number;
  slowestMs: number;
  /** Inputs that showed something wrong, and what. */
  wrong: { input: string; what: string }[];
}

export function fuzz(inputs: number, seed: number): Findings {
  const random = randomOf(seed);
  const tokens = CORPUS.map(pieces);
  const words = tokens.flat();
  const found: Findings = { inputs, trees: 0, faults: 0, characters: 0, slowestMs: 0, wrong: [] };
  for (let n = 1; n <= inputs; n++) {
    const drawn = random.percent(15) ? soup(random, words) : mutated(random, random.pick(tokens), words);
    const input = n % GROWN_EACH === 0 ? grown(random, drawn) : drawn;
    found.characters += input.length;
    const asQuery = random.percent(85);
    const { ms, what, tree } = judged(input, asQuery);
    found.slowestMs = Math.max(found.slowestMs, ms);
    if (tree) found.trees++;
    else found.faults++;
    if (what !== null) found.wrong.push({ input, what });
  }
  return found;
}

/** What an input is made of: tokens, with the space before them. */
function pieces(text: string): string[] {
  let from = 0;
  return tokensOf(text).map(({ end }) => {
    const piece = text.slice(from, end);
    from = end;
    return piece;
  });
}

function mutated(random: Random, tokens: readonly string[], words: readonly string[]): string {
  const list = [...tokens];
  const anywhere = () => random.between(0, list.length);
  for (let changes = random.between(0, MUTATIONS_MAX); changes > 0; changes--) {
    const [at, other] = [anywhere(), anywhere()];
    const kind = random.between(0, 6);
    if (kind === 0) list.splice(at, random.between(1, 3));
    else if (kind === 1) list.splice(at, 0, ...list.slice(at, at + random.between(1, 8)));
    else if (kind === 2) list.splice(at, 0, random.pick(words));
    else if (kind === 3) list.splice(at, 1, random.pick(words));
    else if (kind === 4 && at < list.length && other < list.length) [list[at], list[other]] = [list[other] ?? "", list[at] ?? ""];
    else if (kind === 5) list.splice(at, 1, charactersChanged(random, list[at] ?? ""));
    else list.splice(at, 0, ...pieces(random.pick(CORPUS)).slice(0, random.between(1, 30)));
  }
  return list.join("");
}

function charactersChanged(random: Random, text: string): string {
  const at = random.between(0, text.length);
  const kind = random.between(0, 3);
  if (kind === 0) return text.slice(0, at) + text.slice(at + 1);
  if (kind === 1) return text.slice(0, at) + text.slice(Math.max(0, at - 1));
  if (kind === 2) return text.slice(0, at) + random.pick(ODD) + text.slice(at);
  return text.slice(at) + text.slice(0, at);
}

function soup(random: Random, words: readonly string[]): string {
  const list = Array.from({ length: random.between(1, 40) }, () => (random.percent(10) ? random.pick(ODD) : random.pick(words)));
  return (random.percent(50) ? "logs | " : "") + list.join(random.percent(50) ? " " : "");
}

function grown(random: Random, text: string): string {
  const from = random.between(0, text.length);
  const piece = text.slice(from, from + random.between(1, 30)) || "(";
  const room = TEXT_CHARACTERS_MAX - text.length + (random.percent(5) ? 10 : 0);
  return text.slice(0, from) + piece.repeat(Math.max(0, Math.floor(room / piece.length))) + text.slice(from);
}

function judged(input: string, asQuery: boolean): { ms: number; tree: boolean; what: string | null } {
  let ms = Number.POSITIVE_INFINITY;
  let verdict: { tree: boolean; what: string | null } = { tree: false, what: null };
  for (let tries = 0; tries < 3 && ms > PARSE_MS_MAX; tries++) {
    const begun = performance.now();
    const outcome = parsed(input, asQuery);
    ms = Math.min(ms, performance.now() - begun);
    verdict = { tree: outcome.tree, what: outcome.wrong() };
  }
  return { ms, tree: verdict.tree, what: verdict.what ?? (ms > PARSE_MS_MAX ? `took ${ms.toFixed()} ms` : null) };
}

function parsed(input: string, asQuery: boolean): { tree: boolean; wrong: () => string | null } {
  try {
    if (!asQuery) {
      parseExpression(input);
      return { tree: true, wrong: () => null };
    }
    const query = parseQuery(input);
    return { tree: true, wrong: () => missed(query) };
  } catch (thrown) {
    return { tree: false, wrong: () => amiss(input, thrown) };
  }
}

function missed(query: ReturnType<typeof parseQuery>): string | null {
  const places = (tables: readonly { name: string; at: number }[]) => JSON.stringify(tables.map(({ name, at }) => [at, name]));
  const all = places(tablesAnywhere(query));
  const found = places([...datasetsIn(query)].sort((a, b) => a.at - b.at));
  return all === found ? null : `datasets ${all}, found ${found}`;
}

function amiss(input: string, thrown: unknown): string | null {
  if (!(thrown instanceof QueryFault)) return `threw ${thrown}`;
  if (!Number.isInteger(thrown.at) || thrown.at < 0 || thrown.at > input.length) return `points to ${thrown.at}`;
  const said = describeFault(input, thrown);
  return /^line \d+, column \d+: ./.test(said) && said.length < 600 && said.isWellFormed() ? null : `says ${said}`;
}

if (process.argv[1] === import.meta.filename) {
  const [inputs, seed] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 1)];
  const begun = performance.now();
  const { wrong, ...numbers } = fuzz(inputs, seed);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  console.log(JSON.stringify({ ...numbers, seconds, wrong: wrong.length }));
  for (const { input, what } of wrong.slice(0, 10)) console.log(`${what}\n  ${JSON.stringify(input.slice(0, 500))}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
