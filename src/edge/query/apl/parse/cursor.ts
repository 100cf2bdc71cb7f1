/** A place in a query's tokens: looking, taking, and saying what was expected. It also keeps the tree within its bounds. */
import { QueryFault } from "../fault.ts";
import { endOf, type Token, tokensOf } from "../lexer.ts";
import type { Expression, Let } from "../syntax.ts";

export const TEXT_CHARACTERS_MAX = 100_000;
/**
 * Levels, of what stands in parentheses as well as of the tree: whoever walks it may do so by recursion. Parsing so many takes under a third
 * of V8's stack (984 KB).
 */
export const NESTING_MAX = 100;
export const NODES_MAX = 20_000;
const QUOTED_CHARACTERS_MAX = 40;

export interface Cursor {
  /** What `let` has given so far. */
  readonly lets: Map<string, Let["value"]>;
  /** Whether this is what `search` looks for, where `column:"text"` is a condition. */
  searches: boolean;
  /** The token `ahead` of the one that is next. */
  look(ahead?: number): Token;
  isSign(sign: string, ahead?: number): boolean;
  isWord(word: string, ahead?: number): boolean;
  take(): Token;
  takeSign(sign: string): boolean;
  takeWord(word: string): boolean;
  /** These return where it stands. */
  expectSign(sign: string): number;
  expectWord(word: string): number;
  expectName(what: string): { readonly at: number; readonly text: string };
  /** What matches a sticky pattern, whatever tokens it is made of; null if there is nothing, or if it ends within a token. */
  match(pattern: RegExp, ahead?: number): { readonly text: string; readonly tokens: number } | null;
  takeMatch(pattern: RegExp): string | null;
  /** That something else stands here than what was expected. */
  fault(expected: string): QueryFault;
  nested<T>(parse: () => T): T;
  /** Counts a node of the tree, made of others. */
  built<E extends Expression>(node: E, ...of: readonly Expression[]): E;
}

/** @throws QueryFault if the text is too long. */
export function openCursor(text: string): Cursor {
  if (text.length > TEXT_CHARACTERS_MAX)
    throw new QueryFault(TEXT_CHARACTERS_MAX, `the query is too long: at most ${TEXT_CHARACTERS_MAX} characters`);
  const tokens = tokensOf(text);
  const end = tokens.at(-1) as Token;
  const heights = new Map<Expression, number>();
  let place = 0;
  let depth = 0;
  let nodes = 0;

  const look = (ahead = 0): Token => tokens[place + ahead] ?? end;
  const is = (kind: "sign" | "name", word: string, ahead?: number) => {
    const token = look(ahead);
    return token.kind === kind && token.text === word;
  };
  const take = () => {
    const token = look();
    if (token.kind !== "end") place++;
    return token;
  };
  const takeIf = (kind: "sign" | "name", word: string) => is(kind, word) && take() !== end;
  const fault = (expected: string) => {
    const token = look();
    if (token.kind === "bad") return new QueryFault(token.faultAt, token.message);
    const hint = token.kind === "sign" && token.text === "=" ? '; to compare, write "=="' : "";
    return new QueryFault(token.at, `expected ${expected}, found ${foundText(text, token)}${hint}`);
  };
  const expect = (kind: "sign" | "name", word: string) => {
    if (!is(kind, word)) throw fault(JSON.stringify(word));
    return take().at;
  };
  const match = (pattern: RegExp, ahead = 0) => {
    const { at } = look(ahead);
    const until = endOf(pattern, text, at);
    let count = 0;
    while (look(ahead + count).at < until) count++;
    return count > 0 && look(ahead + count - 1).end === until ? { text: text.slice(at, until), tokens: count } : null;
  };
  const tooDeep = (at: number) => new QueryFault(at, `the query is nested too deeply: at most ${NESTING_MAX} levels`);

  return {
    lets: new Map(),
    searches: false,
    look,
    take,
    fault,
    isSign: (sign, ahead) => is("sign", sign, ahead),
    isWord: (word, ahead) => is("name", word, ahead),
    takeSign: (sign) => takeIf("sign", sign),
    takeWord: (word) => takeIf("name", word),
    expectSign: (sign) => expect("sign", sign),
    expectWord: (word) => expect("name", word),
    expectName(what) {
      const token = look();
      if (token.kind !== "name") throw fault(what);
      place++;
      return token;
    },
    match,
    takeMatch(pattern) {
      const found = match(pattern);
      place += found?.tokens ?? 0;
      return found?.text ?? null;
    },
    nested(parse) {
      if (++depth > NESTING_MAX) throw tooDeep(look().at);
      const parsed = parse();
      depth--;
      return parsed;
    },
    built(node, ...of) {
      if (++nodes > NODES_MAX) throw new QueryFault(node.at, `the query is too large: at most ${NODES_MAX} names, values and operators`);
      let height = 0;
      for (const part of of) height = Math.max(height, 1 + (heights.get(part) ?? 0));
      if (height > NESTING_MAX) throw tooDeep(node.at);
      if (height > 0) heights.set(node, height);
      return node;
    },
  };
}

function foundText(text: string, { kind, at, end }: Token): string {
  if (kind === "end") return "the end of the query";
  const long = end - at > QUOTED_CHARACTERS_MAX;
  const cut = text.slice(at, long ? at + QUOTED_CHARACTERS_MAX : end).toWellFormed() + (long ? "…" : "");
  return kind === "text" ? cut : `"${cut}"`;
}
