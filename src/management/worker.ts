/** The management Worker: composition only. */
import { openApp } from "./app.ts";
import type { ManagementEnv } from "./env.ts";
import { refreshIssuers } from "./issuers/refresh.ts";
import { ROUTES } from "./routes.ts";
import { runUpkeep } from "./upkeep.ts";

export { Authority } from "./authority.ts";
export { Publisher } from "./publish.ts";

const app = openApp(ROUTES);

export default {
  fetch: app.fetch,
  async scheduled({ scheduledTime }, env) {
    await runUpkeep(env.DB, scheduledTime);
    await refreshIssuers(env, scheduledTime);
  },
} satisfies ExportedHandler<ManagementEnv>;
