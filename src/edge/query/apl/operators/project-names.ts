/** `project-away`, `project-keep`, `project-rename` and `project-reorder`: columns as they are, chosen, renamed or moved. */
import { QueryFault } from "../fault.ts";
import { becomes, type Flow, type PlanOperator, passing } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";
import { renamed } from "../plan/meanings.ts";
import { anyOf, checkKnown, isExact, matcher } from "../plan/pattern.ts";
import { openRelay } from "../plan/relay.ts";
import type { NamePattern } from "../syntax.ts";

export const projectAway: PlanOperator<"project-away"> = (flow, { names }) => {
  const away = anyOf(names);
  checkAll(flow, names);
  choose(flow, (name) => !away(name));
};

export const projectKeep: PlanOperator<"project-keep"> = (flow, { names }) => {
  checkAll(flow, names);
  const isClosing = names.every(isExact);
  choose(flow, anyOf(names), isClosing ? names.map(({ pattern }) => pattern) : null);
};

export const projectRename: PlanOperator<"project-rename"> = (flow, { items }) => {
  const before = flow.layout;
  const news = new Map<string, string>();
  const olds = new Map<string, string>();
  for (const { to, from, at } of items) {
    checkKnown(flow, from, at);
    if (news.has(from) || olds.has(to)) throw new QueryFault(at, `${news.has(from) ? from : to} is named twice; rename each column once`);
    news.set(from, to);
    olds.set(to, from);
    before.slot(from);
  }
  if (!flow.open) {
    const taken = items.find(({ to }) => before.find(to) !== undefined && !news.has(to));
    if (taken) throw new QueryFault(taken.at, `there is a column ${taken.to} already; rename or project it away first`);
  }
  // what an event has under a name that is given now is not that column, and gives way
  const nameNow = (name: string) => news.get(name) ?? (olds.has(name) ? null : name);
  reshape(flow, nameNow, (name) => olds.get(name) ?? (news.has(name) ? null : name));
};

export const projectReorder: PlanOperator<"project-reorder"> = (flow, { names }) => {
  checkAll(flow, names);
  const ranks = names.map((one) => ({ matches: matcher(one), order: one.order }));
  const arrange = (all: readonly string[]) => {
    const rankOf = (name: string) => {
      const rank = ranks.findIndex(({ matches }) => matches(name));
      return rank < 0 ? ranks.length : rank;
    };
    return [...all].sort((a, b) => {
      const [rank, other] = [rankOf(a), rankOf(b)];
      const order = ranks[rank]?.order;
      if (rank !== other || !order) return rank - other;
      return (a < b ? -1 : a > b ? 1 : 0) * (order === "desc" ? -1 : 1);
    });
  };
  if (flow.open) {
    flow.arrange = arrange;
    return;
  }
  const { list } = flow.layout;
  const { order, meanings, bucket, isOfEvents } = flow;
  const columns = arrange(list.map(({ name }) => name)).map(
    (name) => list[flow.layout.find(name) ?? 0] ?? { name, type: "dynamic" as const },
  );
  const slots = columns.map(({ name }) => flow.layout.find(name) ?? 0);
  becomes(flow, openLayout(columns), { order, meanings, bucket, isOfEvents });
  flow.steps.push((next) => passing(next, (rows) => rows.map((row) => slots.map((slot) => row[slot]))));
};

function checkAll(flow: Flow, names: readonly NamePattern[]): void {
  for (const name of names) if (isExact(name)) checkKnown(flow, name.pattern, name.at);
}

/** @param closing the only columns that there are from here on; null: whatever is kept */
function choose(flow: Flow, keeps: (name: string) => boolean, closing: readonly string[] | null = null): void {
  for (const name of closing ?? []) flow.layout.slot(name);
  const same = (name: string) => (keeps(name) ? name : null);
  reshape(flow, same, same, closing !== null);
}

/**
 * @param nameNow what a column of before is called, null if it goes
 * @param nameBefore the other way round; null: there was none
 */
function reshape(flow: Flow, nameNow: (name: string) => string | null, nameBefore: (name: string) => string | null, closes = false): void {
  const { layout: before, isOfEvents, arrange } = flow;
  const columns = before.list.flatMap(({ name, type }) => {
    const now = nameNow(name);
    return now === null ? [] : [{ name: now, type }];
  });
  const open = flow.open && !closes;
  const ask = (name: string) => {
    const asked = open ? nameBefore(name) : null;
    return asked === null ? null : (before.list[before.slot(asked)]?.type ?? null);
  };
  const isGone = (name: string) => {
    const asked = nameBefore(name);
    return asked === null || before.lacks(asked);
  };
  const layout = openLayout(columns, ask, isGone);
  for (const name of before.defined) {
    const now = nameNow(name);
    if (now !== null) layout.define(now, before.list[before.find(name) ?? 0]?.type ?? "dynamic");
  }
  const sources = columns.map(({ name }) => ({ name, from: nameBefore(name) }));
  becomes(flow, layout, { ...renamed(flow, sources), open, isOfEvents, arrange: open ? arrange : null });
  flow.steps.push((next) => {
    const relay = openRelay(before, (name, type) => {
      const now = nameNow(name);
      if (now === null) return null;
      const slot = open ? layout.slot(now, type) : layout.find(now);
      return slot === undefined ? null : { slot };
    });
    return passing(next, (rows) =>
      rows.map((row) => {
        const into: typeof row = [];
        relay(row, into);
        return into;
      }),
    );
  });
}
