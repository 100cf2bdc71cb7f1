/** What tests of the live tail share: viewers by either way, through the door. */
import { send } from "../../gateway.ts";

export interface Told {
  event: string;
  id: string | null;
  data: Record<string, unknown>;
}

export interface Watching {
  /** The next thing that is told, but heartbeats; null: the end. */
  next(): Promise<Told | null>;
  /** The events that come next, so many of them. */
  events(count: number): Promise<Record<string, unknown>[]>;
  leave(): Promise<void>;
}

export function pathOf(dataset: string, apl?: string): string {
  return `/v1/datasets/${dataset}/tail${apl === undefined ? "" : `?${new URLSearchParams({ apl })}`}`;
}

export async function watchStream(token: string, dataset: string, apl?: string): Promise<Watching & { response: Response }> {
  const response = await send(pathOf(dataset, apl), { token });
  if (response.status !== 200 || !response.body) throw new Error(await response.text());
  return { ...streamOf(response.body), response };
}

/** Server-sent events, read as the standard says. */
export function streamOf(body: ReadableStream<Uint8Array>): Watching {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";

  async function block(): Promise<string | null> {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const found = text.slice(0, end);
        text = text.slice(end + 2);
        return found;
      }
      const { done, value } = await reader.read();
      if (done) return null;
      text += value;
    }
  }

  async function next(): Promise<Told | null> {
    for (let lines = await block(); lines !== null; lines = await block()) {
      const fields = new Map(lines.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      const data = fields.get("data");
      if (data !== undefined) return { event: fields.get("event") ?? "message", id: fields.get("id") ?? null, data: JSON.parse(data) };
    }
    return null;
  }

  return {
    next,
    async events(count) {
      const events: Record<string, unknown>[] = [];
      while (events.length < count) {
        const told = await next();
        if (told?.event !== "message") throw new Error(`told ${JSON.stringify(told)} instead of an event`);
        events.push(told.data);
      }
      return events;
    },
    leave: () => reader.cancel(),
  };
}

export interface Socket {
  /** Messages that come, but pings, which are answered unless `silent`. */
  next(): Promise<Record<string, unknown> | null>;
  closed: Promise<{ code: number; reason: string }>;
  close(): void;
  /** Answers pings from here on, and the one that waits. */
  answer(): void;
}

export async function watchSocket(token: string, dataset: string, apl?: string, { silent = false } = {}): Promise<Socket> {
  const response = await send(pathOf(dataset, apl), { token, headers: { upgrade: "websocket" } });
  const socket = response.webSocket;
  if (!socket) throw new Error(await response.text());
  return socketOf(socket, { silent });
}

/** @param read a message as an object; JSON unless told. */
export function socketOf(
  socket: WebSocket,
  { silent = false, read = JSON.parse }: { silent?: boolean; read?: (message: string) => Record<string, unknown> } = {},
): Socket {
  const come: (Record<string, unknown> | null)[] = [];
  let answers = !silent;
  let ping = "";
  let wake = () => {};
  const take = (one: Record<string, unknown> | null) => {
    come.push(one);
    wake();
  };
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  socket.addEventListener("message", ({ data }) => {
    const message = read(String(data));
    if (!("ping" in message)) return take(message);
    ping = String(data);
    if (answers) socket.send(ping);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    resolve({ code, reason });
    take(null);
  });
  socket.accept();
  return {
    closed,
    answer() {
      answers = true;
      if (ping) socket.send(ping);
    },
    async next() {
      while (come.length === 0) await new Promise<void>((woken) => (wake = woken));
      return come.shift() ?? null;
    },
    close: () => socket.close(1_000),
  };
}
