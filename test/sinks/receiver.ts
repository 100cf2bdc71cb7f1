/** A receiver of segments on loopback: a real HTTP server around what a test says it does, which records and fails as told. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterAll } from "vitest";
import type { SinkSettings, SinkType } from "../../src/access/dataset-settings.ts";
import { openSink } from "../../src/edge/sinks/index.ts";
import type { Sink } from "../../src/edge/sinks/sink.ts";
import type { Fault } from "../edge/sinks/describe-sink.ts";

export interface Request {
  method: string;
  /** Path and query as sent. */
  target: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface TestReceiver {
  url: string;
  /** Whatever has arrived, failed requests too. */
  requests: Request[];
  /** Fails the next request that no earlier fault takes; resolves when it has. */
  fail(fault: Fault): Promise<void>;
}

interface Waiting {
  fault: Fault;
  met(): void;
}

/** Ends with its test file. */
export async function openTestReceiver(answer: (request: Request) => Answer | Promise<Answer>): Promise<TestReceiver> {
  const requests: Request[] = [];
  const waiting: Waiting[] = [];
  const server = createServer(async (incoming, response) => {
    const request = await received(incoming);
    requests.push(request);
    const next = waiting.shift();
    if (next?.fault.kind === "stall") next.met();
    else if (next?.fault.kind === "answer") send(response, next.fault, next.met);
    else {
      const given = await answered(answer, request);
      if (!next) return send(response, given);
      incoming.socket.destroy();
      next.met();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fail: (fault) => new Promise((met) => waiting.push({ fault, met })),
  };
}

/** A sink as a dataset's settings open it. */
export function sinkTo(url: string, type: SinkType, options: SinkSettings["options"] = {}, secrets: SinkSettings["secrets"] = {}): Sink {
  return openSink({ name: "out", slot: 0, type, required: true, url, options, secrets }, fetch);
}

/** A stand-in that throws is a server that breaks. */
async function answered(answer: (request: Request) => Answer | Promise<Answer>, request: Request): Promise<Answer> {
  try {
    return await answer(request);
  } catch (error) {
    return { status: 500, body: String(error) };
  }
}

async function received(incoming: IncomingMessage): Promise<Request> {
  const { method = "", url: target = "", headers } = incoming;
  return { method, target, url: new URL(target, "http://receiver"), headers, body: await buffer(incoming) };
}

function send(response: ServerResponse, { status, headers = {}, body = "" }: Answer, sent?: () => void): void {
  response.writeHead(status, headers).end(body, sent);
}
