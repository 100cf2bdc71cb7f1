/** The process that is killed: a gateway whose edges have a failing bucket. Its only argument is a `Setup` as JSON. */
import "../../src/local/offline.ts";
import path from "node:path";
import { openGateway } from "../../src/local/gateway.ts";
import { seed } from "../../src/local/seed.ts";
import { mutating } from "./mutate.ts";
import { MUTATIONS } from "./mutations.ts";

export interface Setup {
  port: number;
  /** Folder of all state. */
  state: string;
  edgeSettings: Record<string, number>;
  /** Name of one of MUTATIONS; null: the sources as they are. */
  mutation: string | null;
}

const { mutation, ...rest } = JSON.parse(process.argv[2] as string) as Setup;
const plugins = MUTATIONS.filter(({ name }) => name === mutation).map(mutating);
const entry = path.join(import.meta.dirname, "edge.ts");
const gateway = await openGateway({ ...rest, quiet: true, edgeSource: { entry, plugins } });
// Ctrl-C reaches the whole group; the process that started this one ends it by ending itself
for (const name of ["SIGINT", "SIGTERM"]) process.removeAllListeners(name).on(name, () => {});
process.once("disconnect", () => gateway.stop());
process.send?.(await seed(rest.state, gateway.urls, gateway.secrets));
