/** What the edges ask when KV knows nothing, and what the regions ask about the life of their datasets. Reachable through a service binding only. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Changes } from "../access/change-feed.ts";
import type { Chore, Removed } from "../access/chore.ts";
import type { DatasetSettings } from "../access/dataset-settings.ts";
import type { OrganisationMap, PermissionSet } from "../access/permission-set.ts";
import type { TrustedIssuer } from "../access/trusted-issuer.ts";
import type { Use } from "../access/use.ts";
import { choresOf, notePurge } from "./datasets/purge.ts";
import { findSettings } from "./datasets/settings-store.ts";
import { expressionsOf } from "./datasets/virtual-field-store.ts";
import { type ManagementEnv, regionUrls } from "./env.ts";
import { recentChanges } from "./feed.ts";
import { issuerDocument } from "./issuers/store.ts";
import { organisationDocument } from "./orgs.ts";
import { permissionDocument } from "./tokens/store.ts";
import { addUses } from "./tokens/usage.ts";

/** Null: there is no such thing. Throws when the database is down, which is no verdict on anything. */
export class Authority extends WorkerEntrypoint<ManagementEnv> {
  /** Revoked and expired tokens too: the edge judges their standing. */
  lookUpToken(digest: string): Promise<PermissionSet | null> {
    return permissionDocument(this.env.DB, digest);
  }

  lookUpOrganisation(org: string): Promise<OrganisationMap | null> {
    return organisationDocument(this.env.DB, org, regionUrls(this.env));
  }

  /** Disabled and deleted ones too. */
  lookUpIssuer(digest: string): Promise<TrustedIssuer | null> {
    return issuerDocument(this.env.DB, digest);
  }

  /** What was changed after a number that an earlier answer gave, whoever's it is; null: of late. */
  changesSince(seq: number | null): Promise<Changes> {
    return recentChanges(this.env.DB, seq, Date.now());
  }

  /** Secrets of sinks stay sealed. Null for a dataset that is deleted, too. */
  async lookUpSettings(datasetId: string): Promise<DatasetSettings | null> {
    const [found, virtualFields] = await Promise.all([findSettings(this.env.DB, datasetId), expressionsOf(this.env.DB, datasetId)]);
    if (!found) return null;
    const { dedupe, quarantine, sinks, mapFields, formerMapFields } = found;
    return { dedupe, quarantine, sinks, mapFields, formerMapFields, virtualFields };
  }

  /** The next page after a dataset's id; an empty one is the end. */
  choresOf(region: string, after: string | null): Promise<Chore[]> {
    return choresOf(this.env.DB, region, after);
  }

  /** All that was stored of a deleted dataset is gone. Believes the region; for a live dataset it does nothing. */
  purged(datasetId: string, removed: Omit<Removed, "done">): Promise<void> {
    return notePurge(this.env.DB, datasetId, removed, Date.now());
  }

  /** What tokens were used for since a region's last report. Believes the region's numbers; of tokens that do not exist it keeps nothing. */
  reportUse(uses: Use[]): Promise<void> {
    return addUses(this.env.DB, uses, Date.now());
  }
}
