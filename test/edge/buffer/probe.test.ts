import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { randomBytes } from "node:crypto";
import { it } from "vitest";
import { bufferOf } from "../../../src/edge/buffer/shard.ts";
import { env } from "../gateway.ts";

const destination = { org: "o", dataset: "d", datasetId: "probe", region: "r" };
const app = (n: number, size = 1000) => ({ id: new Uint8Array(randomBytes(16)), body: new TextEncoder().encode(`{"n":${n},"f":"${"x".repeat(size)}"}\n`), gzip: false, rows: 1, rawBytes: size, minTime: 1, maxTime: 2 });
it("probe", async () => {
  const stub = () => bufferOf(env, destination, 0);
  for (const n of [1, 16, 64, 64, 256]) {
    const t = Date.now();
    const before = await runInDurableObject(stub(), (_i, s) => { try { return s.storage.sql.exec("SELECT coalesce(max(seq),0) AS c FROM w_1").one().c; } catch { return 0; } }) as number;
    const r = await Promise.all(Array.from({ length: n }, (_, i) => stub().append(destination, app(i))));
    const ms = Date.now() - t;
    const after = await runInDurableObject(stub(), (_i, s) => s.storage.sql.exec("SELECT coalesce(max(seq),0) AS c FROM w_1").one().c) as number;
    console.log(n, "appends", after - before, "commits", ms, "ms", new Set(r));
  }
  await runInDurableObject(stub(), async (i, s) => {
    console.log("own", Object.getOwnPropertyNames(i), "env own", Object.hasOwn(i, "env"), "alarm", await s.storage.getAlarm(), Date.now());
    try { Object.assign(i, { env: { ...(i as unknown as {env: object}).env, X: 1 } }); console.log("assigned", (i as unknown as {env: {X: number}}).env.X); } catch (e) { console.log("assign fails", String(e)); }
    try { const st = s.storage as unknown as { sync: unknown }; st.sync = async () => { throw new Error("x") }; console.log("override", String(s.storage.sync)); delete (st as {sync?: unknown}).sync; console.log("back", String(s.storage.sync)) } catch (e) { console.log("override fails", String(e)); }
    console.log("same storage", s.storage === s.storage, (i as unknown as {ctx: DurableObjectState}).ctx === s, (i as unknown as {ctx: DurableObjectState}).ctx.storage === s.storage);
  });
  // crash
  await runInDurableObject(stub(), (_i, s) => { s.storage.sql.exec("CREATE TABLE p (x INT)"); });
  await runInDurableObject(stub(), (i, s) => { Object.assign(i, { mark: 1 }); });
  await abortAllDurableObjects();
  await runInDurableObject(stub(), async (i, s) => { console.log("after abort mark", (i as unknown as {mark?: number}).mark, await s.storage.getAlarm(), s.storage.sql.exec("SELECT count(*) c FROM p").one().c); });
  // hanging put then abort
  await runInDurableObject(stub(), (i) => {
    const e = (i as unknown as {env: typeof env}).env;
    Object.assign(i, { env: { ...e, SEGMENTS: { put: async (...a: unknown[]) => { await (e.SEGMENTS.put as any)(...a); console.log("put done, hanging"); await new Promise((r) => setTimeout(r, 60000)); } } } });
  });
  const f = stub().flush().then((v) => console.log("flush", v), (e) => console.log("flush failed", String(e)));
  await new Promise((r) => setTimeout(r, 300));
  await abortAllDurableObjects();
  await f;
  console.log((await env.SEGMENTS.list()).objects.map((o) => o.key + " " + o.size));
  console.log("alarm ran", await runDurableObjectAlarm(stub()));
  console.log("pending", await stub().pending());
  await evictDurableObject(stub());
  console.log("alarm ran", await runDurableObjectAlarm(stub()));
  await stub().append(destination, app(1));
  await evictDurableObject(stub());
  console.log("alarm ran after evict", await runDurableObjectAlarm(stub()), await stub().pending());
});
