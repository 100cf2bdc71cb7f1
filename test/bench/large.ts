/** What bodies of 95 MB cost in memory and time, generated while they are sent so that no process holds one whole. */
import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type Dataset, listSegments, segmentLines } from "../../src/local/demo/segments.ts";
import { Stop } from "../../src/local/stop.ts";
import { body, template } from "./bodies.ts";
import { forgetPeak, megabytes, memoryOf } from "./memory.ts";
import { CONTENT_TYPES } from "./rows.ts";
import { type Stage, targetOf } from "./stage.ts";

const BODY_BYTES = 95_000_000;
const AT_ONCE = [1, 4];
const REFUSED_WITHIN_MS = 300;
const REFUSALS = [413, 429, 503];

/** Of one body. The bytes repeat but for one number in each block. */
const BLOCK = template("ndjson", 1_000_000);
const BLOCKS = Math.round(BODY_BYTES / BLOCK.bytes.length);
const EVENTS = BLOCKS * BLOCK.events;

interface Answer {
  status: number;
  text: string;
  /** From the body's first byte. */
  seconds: number;
}

/** @throws Stop when an answer is neither a good one nor a refusal, or when something else than what was taken is stored. */
export async function measureLarge(stage: Stage): Promise<void> {
  console.log(`bodies of ${megabytes(BLOCKS * BLOCK.bytes.length)} NDJSON with ${EVENTS} events, streamed without compression`);
  const violations: string[] = [];
  for (const atOnce of AT_ONCE) violations.push(...(await measure(stage, await stage.dataset(`large-${atOnce}`), atOnce)));
  if (violations.length > 0) throw new Stop(violations.join("\n"));
}

async function measure(stage: Stage, dataset: Dataset, atOnce: number): Promise<string[]> {
  const { workerd } = stage;
  forgetPeak(workerd);
  const before = memoryOf(workerd).now;
  const answers = await Promise.all(Array.from({ length: atOnce }, (_, sender) => send(dataset, sender)));
  const seconds = Math.max(...answers.map((answer) => answer.seconds));
  const growth = memoryOf(workerd).peak - before;
  const rate = (atOnce * BLOCKS * BLOCK.bytes.length) / 1e6 / seconds;
  const taken = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status !== 200);

  console.log(
    `${atOnce} at once: ${answers.map(({ status }) => status).join(" ")} in ${seconds.toFixed(1)} s, ` +
      `${taken.length === atOnce ? `${rate.toFixed(1)} MB/s, ` : ""}memory of workerd ${megabytes(before)} before, +${megabytes(growth)} at most`,
  );
  for (const { status, text } of refused) console.log(`  refused with ${status}: ${text}`);
  const stored = taken.length > 0 ? await storedIn(stage, dataset) : 0;
  if (taken.length > 0) console.log(`  ${stored} of ${taken.length * EVENTS} events stored`);
  return [
    ...refused.filter(({ status }) => !REFUSALS.includes(status)).map(({ status, text }) => `answered ${status}: ${text}`),
    ...(stored === taken.length * EVENTS ? [] : [`${stored} events are stored where ${taken.length * EVENTS} were acknowledged`]),
  ];
}

async function storedIn(stage: Stage, dataset: Dataset): Promise<number> {
  await stage.flush(dataset);
  let lines = 0;
  for (const { id } of await listSegments(dataset)) for await (const _ of segmentLines(dataset, id)) lines++;
  return lines;
}

/**
 * Gives the edge a moment to refuse a body by its announced length: once bytes are on their way a refusal ends the connection, and
 * its text may be lost with it. Status 0: the connection broke without an answer.
 */
async function send(dataset: Dataset, sender: number): Promise<Answer> {
  const { url, headers } = targetOf(dataset, CONTENT_TYPES.ndjson, "");
  const sent = request(url, { method: "POST", agent: false, headers: { ...headers, "content-length": BLOCKS * BLOCK.bytes.length } });
  let began = performance.now();
  const answer = new Promise<Answer>((resolve) => {
    const settle = (status: number, text: string) => resolve({ status, text, seconds: (performance.now() - began) / 1_000 });
    sent.on("response", (response) => {
      let text = "";
      const whole = () => settle(response.statusCode ?? 0, text.slice(0, 300));
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", whole).on("error", whole);
    });
    let reason = "the connection was closed";
    sent.on("error", (error) => (reason = String(error))).on("close", () => settle(0, reason));
  });
  sent.flushHeaders();
  await Promise.race([answer, delay(REFUSED_WITHIN_MS)]);
  began = performance.now();
  // what goes wrong here shows in the answer
  if (!sent.destroyed) await pipeline(Readable.from(blocks(sender)), sent).catch(() => {});
  return answer;
}

function* blocks(sender: number): Generator<Buffer> {
  for (let block = 0; block < BLOCKS; block++) yield body(BLOCK, sender * BLOCKS + block, "plain");
}
