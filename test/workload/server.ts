/** An identity provider's server on loopback: answers as the test says at that moment, and counts. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

export interface TestServer {
  url: string;
  /** Paths asked for so far. */
  asked: string[];
  /** Replaces what it answers with; null: not at all. */
  answer: ((path: string, response: ServerResponse) => void) | null;
}

/** Ends with its test file. */
export async function openTestServer(answer: TestServer["answer"]): Promise<TestServer> {
  const opened: TestServer = { url: "", asked: [], answer };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    opened.asked.push(path);
    opened.answer?.(path, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  opened.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return opened;
}

export function json(value: unknown, status = 200): TestServer["answer"] {
  return (_, response) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
