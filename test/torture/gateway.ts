/** The process that is killed: a gateway whose regions have failing buckets. Its only argument is a `Setup` as JSON. */
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
const faults = MUTATIONS.filter(({ name }) => name === mutation).map(mutating);
const torturing = (entry: string) => ({ entry: path.join(import.meta.dirname, entry), plugins: faults.map(({ plugin }) => plugin) });
const gateway = await openGateway({
  ...rest,
  quiet: true,
  edgeSource: torturing("edge.ts"),
  storageSource: torturing("storage.ts"),
});
for (const { unused } of faults)
  if (unused.size > 0) throw new Error(`mutation "${mutation}": no Worker of a region uses ${[...unused].join(", ")}`);
// Ctrl-C reaches the whole group; the process that started this one ends it by ending itself
for (const name of ["SIGINT", "SIGTERM"]) process.removeAllListeners(name).on(name, () => {});
process.once("disconnect", () => gateway.stop());
process.send?.(await seed(rest.state, gateway.urls, gateway.secrets));
