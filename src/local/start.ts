/** `npm start`: the whole gateway on this machine. */
import "./offline.ts";
import path from "node:path";
import { banner } from "./banner.ts";
import { ROOT } from "./bundle.ts";
import { openGateway } from "./gateway.ts";
import { readOptions, readPort } from "./options.ts";
import { seed } from "./seed.ts";
import { run } from "./stop.ts";

const USAGE = `Usage: npm start -- [options]

Runs management and one edge per region on this machine, with all data on disk.

  --port N      management on N, the edges on the ports after it (default 8787)
  --state DIR   where all state and local.json are kept (default .headgate)
  --quiet       print errors only
  --help        print this`;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

await run(async () => {
  const { port, state, quiet } = readOptions(USAGE, {
    port: { type: "string", default: "8787" },
    state: { type: "string", default: path.join(ROOT, ".headgate") },
    quiet: { type: "boolean", default: false },
  });
  const folder = path.resolve(state);
  const gateway = await openGateway({ port: readPort(port), state: folder, quiet });
  const stopped = nextSignal();
  try {
    const local = await Promise.race([seed(folder, gateway.urls, gateway.secrets), stopped]);
    if (local) {
      if (!quiet) console.log(banner(local));
      process.send?.("ready");
      await stopped;
    }
  } finally {
    await gateway.stop();
    if (process.connected) process.disconnect();
  }
});

/**
 * What ends this: a signal, or the end of the process that started it with a channel. Takes the place of Miniflare's own listeners,
 * which leave without waiting for workerd to be gone.
 */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of SIGNALS) process.removeAllListeners(name).once(name, () => resolve());
    if (process.connected) process.once("disconnect", resolve);
  });
}
