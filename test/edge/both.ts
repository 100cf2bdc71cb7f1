/** Both Workers of a region in one: a test can look into a Durable Object only where its class is. */
export { Buffer, Storage, Tail } from "../../src/edge/storage.ts";
export { default, Quota, Region } from "../../src/edge/worker.ts";
