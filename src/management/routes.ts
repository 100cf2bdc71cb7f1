/** The table of all routes. What is not in it does not exist. */
import { audit } from "./audit/routes.ts";
import { life } from "./datasets/life.ts";
import { datasets } from "./datasets/routes.ts";
import { settings } from "./datasets/settings.ts";
import { docs } from "./docs.ts";
import { forwarded } from "./forwarding/table.ts";
import { upstreams } from "./forwarding/upstream.ts";
import { secretScanning } from "./leaks/github.ts";
import { reportLeak } from "./leaks/report.ts";
import { orgs } from "./orgs.ts";
import { personalTokens } from "./people/personal-tokens.ts";
import { sessions } from "./people/sessions.ts";
import type { Route } from "./route.ts";
import { setup } from "./setup.ts";
import { importTokens } from "./tokens/legacy/import.ts";
import { legacyTokens } from "./tokens/legacy/routes.ts";
import { tokens } from "./tokens/routes.ts";
import { users } from "./users.ts";

export const ROUTES: readonly Route[] = [
  ...setup,
  ...orgs,
  ...users,
  ...datasets,
  ...settings,
  ...life,
  ...tokens,
  ...audit,
  ...personalTokens,
  ...sessions,
  ...legacyTokens,
  ...importTokens,
  ...reportLeak,
  ...secretScanning,
  ...upstreams,
  ...forwarded,
  ...docs,
];
