/** The table of all routes. What is not in it does not exist. */
import { audit } from "./audit/routes.ts";
import { life } from "./datasets/life.ts";
import { datasets } from "./datasets/routes.ts";
import { settings } from "./datasets/settings.ts";
import { docs } from "./docs.ts";
import { forwarded } from "./forwarding/table.ts";
import { upstreams } from "./forwarding/upstream.ts";
import { exchange } from "./issuers/exchange.ts";
import { issuers } from "./issuers/routes.ts";
import { secretScanning } from "./leaks/github.ts";
import { reportLeak } from "./leaks/report.ts";
import { orgLife } from "./org-life.ts";
import { orgSettings } from "./org-settings.ts";
import { orgs } from "./orgs.ts";
import { currentUser } from "./people/current-user.ts";
import { invitations } from "./people/invitation-routes.ts";
import { personalTokens } from "./people/personal-tokens.ts";
import { sessions } from "./people/sessions.ts";
import { users } from "./people/users.ts";
import type { Route } from "./route.ts";
import { setup } from "./setup.ts";
import { importTokens } from "./tokens/legacy/import.ts";
import { legacyTokens } from "./tokens/legacy/routes.ts";
import { tokens } from "./tokens/routes.ts";

export const ROUTES: readonly Route[] = [
  ...setup,
  ...orgs,
  ...orgSettings,
  ...orgLife,
  ...currentUser,
  ...users,
  ...invitations,
  ...datasets,
  ...settings,
  ...life,
  ...tokens,
  ...issuers,
  ...exchange,
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
