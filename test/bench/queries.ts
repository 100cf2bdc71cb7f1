/** Whole queries, from the edge's door over storage to the answer, and what must stand in the answers, counted from what was sent. */
import type { Dataset } from "../../src/local/demo/segments.ts";
import type { Template } from "./bodies.ts";
import type { Target } from "./load.ts";

/** What was sent, and what is to be found in it. */
export interface Sent {
  events: number;
  /** Events of each service in each five minutes, as they stand in the answer: by time, the most first. */
  groups: string;
  errors: number;
  /** Of clients in one network of 256. */
  network: number;
}

const RANGE = { startTime: "2026-01-01T00:00:00Z", endTime: "2026-01-02T00:00:00Z" };
const BIN_MS = 300_000;
const CLIENTS = "10.77.";

export interface Query {
  name: string;
  target: number | null;
  apl: string;
  /** What a good answer contains: a count of what is there says as well that nothing was left out. */
  expect(sent: Sent): string | RegExp;
}

const events = (examined: number, matched: number) => `"rowsExamined":${examined},"rowsMatched":${matched},"numGroups":0,"isPartial":false`;

export const QUERIES: Query[] = [
  {
    name: "group by 5 minutes and service",
    target: 1,
    apl: "summarize count(), avg(duration_ms) by bin(_time, 5m), service",
    expect: ({ groups }) => groups,
  },
  {
    name: "where level is error, counted",
    target: 2,
    apl: `where level == "error" | count`,
    expect: ({ errors }) => `"columns":[[${errors}]]`,
  },
  {
    // a fifth of all, whole: it shows what making rows of events costs
    name: "where level is error, events",
    target: null,
    apl: `where level == "error"`,
    expect: (sent) => events(sent.events, sent.errors),
  },
  {
    name: "where client is of one network",
    target: 2,
    apl: `where client startswith "${CLIENTS}"`,
    expect: (sent) => events(sent.events, sent.network),
  },
  { name: "take 100", target: null, apl: "take 100", expect: () => /"columns":\[\[("[^"]+",){99}"[^"]+"\],/ },
];

export function targetOfQuery({ apl, expect }: Query, { edge, name, token }: Dataset, sent: Sent): { target: Target; body: Buffer } {
  return {
    target: {
      url: `${edge}/v1/query/_apl?format=tabular`,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      expect: expect(sent),
    },
    body: Buffer.from(JSON.stringify({ apl: `['${name}'] | ${apl}`, ...RANGE })),
  };
}

export function sentIn(bodies: Template[]): Sent {
  const groups = new Map<string, number>();
  const sent = { events: 0, groups: "", errors: 0, network: 0 };
  for (const { bytes } of bodies) {
    for (const line of bytes.toString().trimEnd().split("\n")) {
      const { _time, service, level, client } = JSON.parse(line) as Record<string, string>;
      const time = Math.floor(Date.parse(String(_time)) / BIN_MS) * BIN_MS;
      const group = `${new Date(time).toISOString()} ${service}`;
      groups.set(group, (groups.get(group) ?? 0) + 1);
      sent.events++;
      if (level === "error") sent.errors++;
      if (client?.startsWith(CLIENTS)) sent.network++;
    }
  }
  const counts = [...groups].map(([group, count]) => ({ time: group.split(" ")[0] ?? "", count }));
  counts.sort((a, b) => (a.time === b.time ? b.count - a.count : a.time < b.time ? -1 : 1));
  return { ...sent, groups: `,[${counts.map(({ count }) => count).join(",")}],` };
}
