/**
 * What is added to a query of events before it is planned: a limit where it has none, an order where it has none, the id of each event, and
 * a way to tell apart events of the same time, so that pages neither repeat nor skip.
 */
import type { Named, NamePattern, Operator, Query, SortKey, Tabular } from "./apl/syntax.ts";
import { ROW_ID, TIME } from "./cursor.ts";

/** Rows of an answer whose query names no number. */
export const ROWS_DEFAULT = 1_000;

export interface Prepared {
  readonly query: Query;
  /** Rows of the result are events, one for one, each with its id and time. */
  readonly events: boolean;
  /** Columns that the query did not ask for. */
  readonly hidden: ReadonlySet<string>;
  /** In the order of time, from the newest event on or from the oldest: the order that cursors go on in. */
  readonly byTime: boolean;
  readonly descending: boolean;
  /** The answer holds the first events in that order, and leaves none of them out, so another can go on after it. */
  readonly pages: boolean;
  /** The limit was put there by us. */
  readonly limited: boolean;
}

const LIMITS: readonly Operator["kind"][] = ["take", "top", "sample"];
const KEEPS_EVENTS: readonly Operator["kind"][] = [
  ...LIMITS,
  ...([
    "where",
    "search",
    "extend",
    "sort",
    "parse",
    "project",
    "project-keep",
    "project-reorder",
    "project-away",
    "project-rename",
  ] as const),
];
const LEAVES_OUT: readonly Operator["kind"][] = ["where", "search"];
const BESIDE = [TIME, "_sysTime", ROW_ID];

/** @param paged whether the answer is one of several pages: a take of any events is of the newest ones then, or pages would skip some. */
export function prepare(query: Query, paged = false): Prepared {
  if (isOfEvents(query)) return ofEvents(query, paged);
  return { query, events: false, hidden: new Set(), byTime: false, descending: true, pages: false, limited: false };
}

/** Whether each row is an event to its end, under its own time. */
function isOfEvents({ lets, body }: Query): boolean {
  const given = (name: string) => lets.some((one) => one.name === name && one.value.kind === "table");
  const isDataset = ({ source, operators }: Tabular): boolean => source.kind === "table" && !given(source.name) && operators.length === 0;
  const { source } = body;
  const datasets = source.kind === "union" ? source.of.every(isDataset) : isDataset({ ...body, operators: [] });
  return datasets && body.operators.every((operator) => KEEPS_EVENTS.includes(operator.kind) && !loses(operator));
}

/** Takes the time or the id away in a way that is not worth undoing. */
function loses(operator: Operator): boolean {
  if (operator.kind === "project-rename") return operator.items.some(({ from }) => BESIDE.includes(from));
  if (operator.kind !== "project-away") return false;
  return operator.names.some(({ pattern }) => pattern.includes("*") && BESIDE.some((name) => name.startsWith(pattern.split("*")[0] ?? "")));
}

function ofEvents(query: Query, paged: boolean): Prepared {
  const ordered = query.body.operators.some(({ kind }) => kind === "sort" || kind === "top");
  const operators = paged && !ordered ? ofNewest(query.body.operators) : query.body.operators;
  const limited = !operators.some(({ kind }) => LIMITS.includes(kind));
  const hidden = new Set<string>(operators.some((operator) => shows(operator, ROW_ID)) ? [] : [ROW_ID]);
  const kept = operators.map((operator) => withHidden(operator, hidden));
  const order = [...kept].reverse().find(({ kind }) => kind === "sort" || kind === "top");
  const whole = [...kept, ...ending(order !== undefined, limited)];
  const body = { ...query.body, operators: whole.map(tellingApart) };
  const first = order && "keys" in order ? order.keys[0] : undefined;
  const byTime = !first || isTime(first);
  return {
    query: { ...query, body },
    events: true,
    hidden,
    byTime,
    descending: !first || !byTime || first.descending,
    pages: readsOnce(query.body) && areFirst(whole),
    limited,
  };
}

function ofNewest(operators: readonly Operator[]): Operator[] {
  const first = operators.findIndex(({ kind }) => kind === "take");
  return operators.map((one, at) =>
    at === first && one.kind === "take" ? { kind: "top", count: one.count, keys: [key(TIME, true)], at: one.at } : one,
  );
}

/** An event that comes twice has one cursor, which would skip its second coming. */
function readsOnce({ source }: Tabular): boolean {
  if (source.kind !== "union") return true;
  const names = source.of.map((one) => (one.source.kind === "table" ? one.source.name : ""));
  return new Set(names).size === names.length;
}

/**
 * Whether what comes out are the first events in the order of time: sorted once, by the event's own time alone, and cut behind that only,
 * after all that leaves some out. Otherwise there are events left out that a cursor would go past.
 */
function areFirst(operators: readonly Operator[]): boolean {
  const orders = operators.flatMap((one, at) => (one.kind === "sort" || one.kind === "top" ? [{ keys: one.keys, at }] : []));
  const [order] = orders;
  const [first] = order?.keys ?? [];
  if (orders.length !== 1 || !order || order.keys.length !== 1 || !first || !isTime(first)) return false;
  if (operators.some((one, at) => assigns(one, ROW_ID) || (at < order.at && assigns(one, TIME)))) return false;
  const cut = operators.findIndex(({ kind }) => LIMITS.includes(kind));
  return (
    (cut < 0 || cut >= order.at) &&
    !operators.some(({ kind }) => kind === "sample") &&
    !(cut >= 0 && operators.slice(cut + 1).some((one) => LEAVES_OUT.includes(one.kind) || (one.kind === "parse" && one.drops)))
  );
}

/** Whether a column of that name is none of the event's own any more. */
function assigns(operator: Operator, name: string): boolean {
  const isOwn = ({ value }: Named) => value.kind === "column" && value.name === name;
  if (operator.kind === "extend" || operator.kind === "project")
    return operator.items.some((item) => nameOf(item) === name && !isOwn(item));
  if (operator.kind === "project-rename") return operator.items.some(({ to }) => to === name);
  return operator.kind === "parse" && operator.parts.some((part) => part.kind === "column" && part.name === name);
}

function ending(ordered: boolean, limited: boolean): Operator[] {
  const keys = [key(TIME, true)];
  if (ordered) return limited ? [{ kind: "take", count: ROWS_DEFAULT, at: 0 }] : [];
  // a query that takes some without an order means any; they are shown newest first
  return limited ? [{ kind: "top", count: ROWS_DEFAULT, keys, at: 0 }] : [{ kind: "sort", keys, at: 0 }];
}

/** Events of the same time stand in the order of their ids. */
function tellingApart(operator: Operator): Operator {
  if (operator.kind !== "sort" && operator.kind !== "top") return operator;
  const last = operator.keys.at(-1);
  if (!last || !isTime(last)) return operator;
  return { ...operator, keys: [...operator.keys, key(ROW_ID, last.descending)] };
}

function isTime({ by }: SortKey): boolean {
  return by.kind === "column" && by.name === TIME;
}

function key(name: string, descending: boolean): SortKey {
  return { by: { kind: "column", name, at: 0 }, descending, nulls: descending ? "last" : "first", at: 0 };
}

function shows(operator: Operator, name: string): boolean {
  if (operator.kind === "project") return operator.items.some((item) => nameOf(item) === name);
  return operator.kind === "project-keep" && operator.names.some(({ pattern }) => pattern === name);
}

function nameOf({ name, value }: Named): string | null {
  return name ?? (value.kind === "column" ? value.name : null);
}

/** Whatever chooses columns keeps the id, and the times; the answer leaves them out. */
function withHidden(operator: Operator, hidden: Set<string>): Operator {
  const { at } = operator;
  if (operator.kind === "project-away") {
    for (const { pattern } of operator.names) if (BESIDE.includes(pattern)) hidden.add(pattern);
    return { ...operator, names: operator.names.filter(({ pattern }) => !BESIDE.includes(pattern)) };
  }
  if (operator.kind !== "project" && operator.kind !== "project-keep") return operator;
  const missing = BESIDE.filter((name) => !shows(operator, name));
  if (operator.kind === "project") {
    for (const name of missing) hidden.add(name);
    return {
      ...operator,
      items: [...operator.items, ...missing.map((name): Named => ({ name, value: { kind: "column", name, at }, at }))],
    };
  }
  const unmatched = missing.filter((name) => !operator.names.some(({ pattern }) => matches(pattern, name)));
  for (const name of unmatched) hidden.add(name);
  return { ...operator, names: [...operator.names, ...unmatched.map((pattern): NamePattern => ({ pattern, at }))] };
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1));
}
