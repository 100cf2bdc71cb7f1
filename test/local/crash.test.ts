/** What was acknowledged survives the sudden end of the runtime, and of the process that runs it. */
import { afterAll, expect, it } from "vitest";
import { type Running, readBack, remove, start, temporaryFolder, workerdOf } from "./command.ts";

const US = "cloud.us-east-1.aws";
const ACKNOWLEDGED_BEFORE_THE_END = 150;
const SENDERS = 8;

const state = temporaryFolder();
afterAll(() => remove(state));

let sent = 0;
const acknowledged = new Set<number>();

/** Sends events until the edge is gone, and ends `victims` when enough were acknowledged. */
async function sendUntilTheEnd({ local }: Running, victims: number[]): Promise<void> {
  const goal = acknowledged.size + ACKNOWLEDGED_BEFORE_THE_END;
  const sender = async () => {
    for (;;) {
      const number = sent++;
      const response = await fetch(`${local.edges[US]}/v1/ingest/${local.datasets[US]}`, {
        method: "POST",
        headers: { authorization: `Bearer ${local.ingestToken}` },
        body: JSON.stringify([{ number, filler: "x".repeat(2_000) }]),
      });
      if (((await response.json()) as { ingested: number }).ingested !== 1) throw new Error(`event ${number} was not taken`);
      acknowledged.add(number);
      if (acknowledged.size === goal) for (const pid of victims) process.kill(pid, "SIGKILL");
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: SENDERS }, sender));
  // the connection broke; nothing was answered with a refusal
  for (const end of ends) expect(String((end as PromiseRejectedResult).reason)).toContain("TypeError");
}

async function expectEveryAcknowledgedEvent({ local }: Running): Promise<void> {
  const numbers = (await readBack(local, US)).map(({ number }) => number as number);
  expect(acknowledged.size).toBeGreaterThan(0);
  expect([...acknowledged].filter((number) => !numbers.includes(number))).toEqual([]);
  expect(numbers.length).toBe(new Set(numbers).size);
}

it("loses nothing when workerd is killed and everything is started again", async () => {
  const gateway = await start(state);
  const pid = gateway.process.pid as number;
  await sendUntilTheEnd(gateway, [pid, workerdOf(pid)]);
  await gateway.ended;
  await expectEveryAcknowledgedEvent(await start(state, "node", gateway.port));
});

it("brings a killed workerd back on the same ports", async () => {
  const gateway = await start(state);
  await sendUntilTheEnd(gateway, [workerdOf(gateway.process.pid as number)]);
  await expect.poll(() => fetch(`${gateway.local.edges[US]}/healthz`).then(({ status }) => status, String), { timeout: 15_000 }).toBe(200);
  await expectEveryAcknowledgedEvent(gateway);
});

it("takes the place of a workerd that outlived its killed parent", async () => {
  const gateway = await start(state);
  gateway.process.kill("SIGKILL");
  await gateway.ended;
  expect((await fetch(`${gateway.local.edges[US]}/healthz`)).status).toBe(200);
  await expectEveryAcknowledgedEvent(await start(state, "node", gateway.port));
});
