import { createScheduledController } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { runUpkeep } from "../../src/management/upkeep.ts";
import worker from "../../src/management/worker.ts";
import { call, deployment, env, succeeded } from "./client.ts";

const DAY_MS = 86_400_000;

it("removes every hour what has ended, and leaves what has not", async () => {
  const made = await deployment();
  const now = Date.now();
  await env.DB.batch([
    env.DB.prepare("INSERT INTO sessions SELECT 'old', user_id, kind, 'd1', '', '', 0, ?, 0, 0, NULL, NULL, NULL, '' FROM sessions").bind(
      now - 31 * DAY_MS,
    ),
    env.DB.prepare(
      "INSERT INTO sessions SELECT 'ended', user_id, kind, 'd2', '', '', 0, ?, 0, 0, NULL, NULL, ?, '' FROM sessions WHERE id <> 'old'",
    ).bind(now + DAY_MS, now - 31 * DAY_MS),
    env.DB.prepare("INSERT INTO idempotency VALUES (?, 'a', 'old', '', '', ?), (?, 'a', 'new', '', '', ?)").bind(
      made.org,
      now - DAY_MS - 1,
      made.org,
      now,
    ),
    env.DB.prepare("UPDATE audit SET at = 0"),
    env.DB.prepare(
      "INSERT INTO refusals VALUES (?, '2020-01-01', 'user', 'u', 'c', 'POST /x', 'forbidden', 1, 0), (?, '2026-01-01', 'user', 'u', 'c', 'POST /x', 'forbidden', 1, ?)",
    ).bind(made.org, made.org, now),
  ]);
  const controller = createScheduledController({ scheduledTime: new Date(now), cron: "29 * * * *" });
  await worker.scheduled(controller, env);
  const counted = async (table: string) => env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n");
  expect(await Promise.all(["sessions", "idempotency", "audit", "refusals"].map(counted))).toEqual([1, 1, 0, 1]);
  succeeded(await call("GET", "/v2/datasets", made.session));
});

it("goes on with the rest when one part fails", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  await deployment();
  await env.DB.exec("UPDATE audit SET at = 0");
  await env.DB.exec("DROP TABLE idempotency");
  await env.DB.exec("UPDATE sessions SET ended_at = 1");
  await runUpkeep(env.DB, Date.now());
  expect(await env.DB.prepare("SELECT count(*) AS n FROM sessions").first("n")).toBe(0);
  expect(logged).toHaveBeenCalledOnce();
  logged.mockRestore();
});
