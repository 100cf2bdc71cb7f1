/** Datasets watched live over real sockets, by what Node has of its own. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../../src/local/api.ts";
import { type Child, startChild } from "../../src/local/child.ts";
import { findFree } from "../../src/local/ports.ts";
import { remove, temporaryFolder } from "./command.ts";

const REGION = "cloud.us-east-1.aws";
/** From the answer to a revocation to the end of what it ends. */
const REVOKED_WITHIN_MS = 12_000;

const state = temporaryFolder();
let gateway: Child;

beforeAll(async () => {
  gateway = await startChild(await findFree(3), state);
});

afterAll(async () => {
  await gateway?.stop();
  remove(state);
});

const dataset = () => gateway.local.datasets[REGION] as string;
const addressOf = (apl: string) =>
  `${gateway.local.edges[REGION]}/v1/datasets/${dataset()}/tail?${new URLSearchParams({ apl: `['${dataset()}'] | ${apl}` })}`;
const owner = () => ({ token: gateway.local.ownerToken, org: gateway.local.org });

function makeReader(): Promise<{ id: string; token: string }> {
  const asked = { name: "viewer", datasetCapabilities: { [dataset()]: { query: ["read"] } } };
  return call("POST", `${gateway.local.management}/v2/tokens`, owner(), asked);
}

async function ingest(events: readonly object[]): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.local.ingestToken}`, "content-type": "application/json" };
  const response = await fetch(`${gateway.local.edges[REGION]}/v1/ingest/${dataset()}`, {
    method: "POST",
    headers,
    body: JSON.stringify(events),
  });
  if (!response.ok) throw new Error(await response.text());
}

interface Watched {
  /** What has come, as text. */
  until(wanted: RegExp): Promise<string>;
  ended: Promise<string>;
  leave(): void;
}

function watched(open: (take: (text: string) => void) => Promise<string>, leave: () => void): Watched {
  let text = "";
  let wake = () => {};
  const ended = open((more) => {
    text += more;
    wake();
  });
  return {
    async until(wanted) {
      while (!wanted.test(text)) await new Promise<void>((woken) => (wake = woken));
      return text;
    },
    ended,
    leave,
  };
}

async function byStream(token: string, apl: string): Promise<Watched> {
  const leaving = new AbortController();
  const response = await fetch(addressOf(apl), { headers: { authorization: `Bearer ${token}` }, signal: leaving.signal });
  const { body } = response;
  if (response.status !== 200 || !body) throw new Error(await response.text());
  const read = async (take: (text: string) => void) => {
    let last = "";
    try {
      for await (const part of body.pipeThrough(new TextDecoderStream())) {
        last = part;
        take(part);
      }
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
    }
    return last;
  };
  return watched(read, () => leaving.abort());
}

async function bySocket(token: string, apl: string): Promise<Watched> {
  // Node's own takes headers beside what the standard has
  const options = { headers: { authorization: `Bearer ${token}` } } as unknown as string[];
  const socket = new WebSocket(addressOf(apl).replace(/^http/, "ws"), options);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const follow = (take: (text: string) => void) => {
    socket.addEventListener("message", ({ data }) => {
      if (String(data).startsWith('{"ping"')) socket.send(String(data));
      else take(String(data));
    });
    return new Promise<string>((resolve) => socket.addEventListener("close", ({ code, reason }) => resolve(`${code} ${reason}`)));
  };
  return watched(follow, () => socket.close());
}

describe.each([
  ["server-sent events", byStream, /event: end\ndata: .*"reason":"token-revoked"/],
  ["a WebSocket", bySocket, /^4401 token-revoked$/],
])("a dataset watched by %s", (_, watch, revoked) => {
  it("23 shows what the query lets through, and ends once the token is revoked", async () => {
    const { id, token } = await makeReader();
    const viewer = await watch(token, "where level == 'error' | project level, n");
    await ingest([
      { level: "info", n: 1 },
      { level: "error", n: 2 },
    ]);
    expect(await viewer.until(/"n":2/)).toContain('{"level":"error","n":2}');
    const revokedAt = Date.now();
    await call("DELETE", `${gateway.local.management}/v2/tokens/${id}`, owner());
    expect(await viewer.ended).toMatch(revoked);
    expect(Date.now() - revokedAt).toBeLessThan(REVOKED_WITHIN_MS);
  });

  it("is left without a trace in those who stay", async () => {
    const { token } = await makeReader();
    const [stays, leaves] = [await watch(token, "project n"), await watch(token, "project n")];
    await ingest([{ n: 10 }]);
    await Promise.all([stays.until(/"n":10/), leaves.until(/"n":10/)]);
    leaves.leave();
    await leaves.ended;
    await ingest([{ n: 11 }]);
    expect(await stays.until(/"n":11/)).toContain('"n":10');
    stays.leave();
    await stays.ended;
  });
});
