/** The table of all routes. What is not in it does not exist. */
import { annotations } from "./annotations/routes.ts";
import { audit } from "./audit/routes.ts";
import { atEdge } from "./datasets/at-edge.ts";
import { fields } from "./datasets/fields.ts";
import { datasetInfo } from "./datasets/info.ts";
import { life } from "./datasets/life.ts";
import { mapFields } from "./datasets/map-fields.ts";
import { queries } from "./datasets/query-at-edge.ts";
import { datasets } from "./datasets/routes.ts";
import { settings } from "./datasets/settings.ts";
import { virtualFields } from "./datasets/virtual-fields.ts";
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
import { groups } from "./people/groups.ts";
import { invitations } from "./people/invitation-routes.ts";
import { leavers } from "./people/leavers.ts";
import { personalTokens } from "./people/personal-tokens.ts";
import { roles } from "./people/roles.ts";
import { sessions } from "./people/sessions.ts";
import { teams } from "./people/teams.ts";
import { teamsV1 } from "./people/teams-v1.ts";
import { users } from "./people/users.ts";
import type { Route } from "./route.ts";
import { setup } from "./setup.ts";
import { signIn } from "./sign-in/routes.ts";
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
  ...mapFields,
  ...fields,
  ...virtualFields,
  ...annotations,
  ...life,
  ...datasetInfo,
  ...queries,
  ...atEdge,
  ...tokens,
  ...roles,
  ...groups,
  // first, since `leavers` is no id of a team
  ...leavers,
  ...teams,
  ...teamsV1,
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
  ...signIn,
];
