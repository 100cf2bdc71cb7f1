/**
 * The storage of one region, beside its edge: what needs memory and time that ingest must not share an isolate with. Composition only.
 * No public address leads here; the edge has bindings to its Durable Objects and to `Storage`.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { version } from "../../package.json";
import type { Answer, Asked } from "./query/asked.ts";
import { meansOf } from "./query/reading.ts";
import { runQuery } from "./query/run-query.ts";
import { runUpstream } from "./query/upstream/forward.ts";
import { type StorageEnv, storageSettingsOf } from "./storage-env.ts";

export { Buffer } from "./buffer/buffer.ts";
export { Tail } from "./query/tail/tail.ts";

export interface Ready {
  region: string;
  version: string;
}

/** What the edge may ask. Whoever calls has made sure that its caller may. */
export class Storage extends WorkerEntrypoint<StorageEnv> {
  /**
   * For whom this Worker stores. Asks no Durable Object and no bucket.
   * @throws Error naming a setting that is missing or out of range.
   */
  async ready(): Promise<Ready> {
    return { region: storageSettingsOf(this.env).region, version };
  }

  /** Reads the datasets that are given and no others, whatever the query says. Whoever calls has made sure that its caller may. */
  async query(asked: Asked): Promise<Answer> {
    const clock = () => Date.now();
    const means = await meansOf(asked, this.env, clock);
    const { sealKeys } = storageSettingsOf(this.env);
    return (await runUpstream(asked, means, { sealKeys, fetch: (...args) => fetch(...args) })) ?? runQuery(asked, means);
  }
}

/** Should an address ever lead here, nothing is found. */
export default {
  fetch(): Response {
    return new Response(null, { status: 404 });
  },
} satisfies ExportedHandler<StorageEnv>;
