/**
 * Keeps wrangler and Miniflare from the network, from the terminal and from leaving processes behind. They read these names while
 * they load, so this module is the first import of every command, for its effect; imported after them it would be harmful.
 */
const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_LOG: "error",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  // wrangler bundles its plugins synchronously, for which esbuild would keep a child that nobody waits for
  ESBUILD_WORKER_THREADS: "0",
  // a folder of our own, or Workers of the same name in another checkout would be connected to ours
  WRANGLER_REGISTRY_PATH: ".wrangler/registry",
};

for (const [name, value] of Object.entries(QUIET)) process.env[name] ??= value;
