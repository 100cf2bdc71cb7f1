/** A bounded load from outside of workerd, and what it costs there. */
import { readdirSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";

/** Senders at a time, unless told. */
export const SENDERS = 8;

export interface Target {
  url: string;
  headers: Record<string, string>;
  /** Of a good reply; absent: 200. */
  status?: number;
  /** What a good reply contains. */
  expect: string | RegExp;
}

export interface Measured {
  seconds: number;
  cpuSeconds: number;
  /** Of each request, ascending, in milliseconds. */
  latencies: number[];
}

/** The runtime closes a connection that was idle for 5 s, perhaps while a request is on its way to it. */
const IDLE_MS_MAX = 3_000;

/** Of an answer that is not good. */
const SHOWN_LENGTH = 2_000;

const agents = new Map<number, Agent>();

/** Connections for so many senders, kept between runs. */
export function connections(senders: number): Agent {
  const agent = agents.get(senders) ?? new Agent({ keepAlive: true, maxSockets: senders, timeout: IDLE_MS_MAX });
  agents.set(senders, agent);
  return agent;
}

/** Opens them before anything is measured: of many at once the kernel drops some, and tries those again after a second. */
export async function openConnections(url: string, senders: number): Promise<void> {
  await Promise.all(Array.from({ length: senders }, () => post(url, {}, Buffer.alloc(0), connections(senders))));
}

/**
 * Sends each body once over open connections, by so many senders at a time.
 * @throws Error for the first reply that is not a good one.
 */
export async function drive(
  { url, headers, status: good = 200, expect }: Target,
  bodies: Buffer[],
  workerd: number,
  senders = SENDERS,
): Promise<Measured> {
  const latencies: number[] = [];
  let next = 0;
  const sender = async () => {
    for (let body = bodies[next++]; body; body = bodies[next++]) {
      const began = performance.now();
      const { status, text } = await post(url, headers, body, connections(senders));
      if (status !== good || !holds(text, expect)) throw new Error(`${url} answered ${status}: ${text.slice(0, SHOWN_LENGTH)}`);
      latencies.push(performance.now() - began);
    }
  };
  const cpuBefore = cpuSecondsOf(workerd);
  const began = performance.now();
  await Promise.all(Array.from({ length: senders }, sender));
  const seconds = (performance.now() - began) / 1_000;
  return { seconds, cpuSeconds: cpuSecondsOf(workerd) - cpuBefore, latencies: latencies.sort((a, b) => a - b) };
}

function holds(text: string, expected: Target["expect"]): boolean {
  return typeof expected === "string" ? text.includes(expected) : expected.test(text);
}

/** @throws Error when the connection breaks before the reply is whole. */
export function post(url: string, headers: Record<string, string>, body: Buffer, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers: { ...headers, "content-length": body.length } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
    });
    sent.on("error", reject).end(body);
  });
}

/** Time on a processor of all threads: the isolate's, the compiler's, the collector's, and the kernel's on their behalf. */
function cpuSecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return (
    threads.reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]), 0) / 1e9
  );
}

/** The workerd that a process started, this one unless told. */
export function workerdPid(of: number = process.pid): number {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, name, , parent] = /^\d+ \((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      if (name === "workerd" && Number(parent) === of) return Number(pid);
    } catch {
      // gone since it was listed
    }
  }
  throw new Error(`no workerd found among the children of process ${of}; this needs Linux`);
}

/** Of ascending values; the nearest one that is there. */
export function quantile(ascending: number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}

/** Shown to whoever waits at a terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(20)}\r`);
}
