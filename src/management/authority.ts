/** What the edges ask when KV knows nothing. Reachable through a service binding only. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { OrganisationMap, PermissionSet } from "../access/permission-set.ts";
import { type ManagementEnv, regionUrls } from "./env.ts";
import { organisationDocument } from "./orgs.ts";
import { permissionDocument } from "./tokens/store.ts";

/** Null: there is no such thing. Throws when the database is down, which is no verdict on anything. */
export class Authority extends WorkerEntrypoint<ManagementEnv> {
  /** Revoked and expired tokens too: the edge judges their standing. */
  lookUpToken(digest: string): Promise<PermissionSet | null> {
    return permissionDocument(this.env.DB, digest);
  }

  lookUpOrganisation(org: string): Promise<OrganisationMap | null> {
    return organisationDocument(this.env.DB, org, regionUrls(this.env));
  }
}
