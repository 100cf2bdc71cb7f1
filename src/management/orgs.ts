/** Organisations: what they are, as Axiom's clients read them, and the document that the edges route by. */

import { type DatasetEntry, type OrganisationMap, organisationMap } from "../access/permission-set.ts";
import { Problem } from "../problem.ts";
import type { Caller, Visitor } from "./caller.ts";
import type { Membership } from "./credentials.ts";
import { PUBLISHED_SETTINGS, type PublishedRow, publishedSettings } from "./datasets/settings-store.ts";
import { DATASETS_MAX } from "./datasets/store.ts";
import { settingsOf } from "./env.ts";
import type { Request } from "./request.ts";
import { ANY_CREDENTIAL, type Route } from "./route.ts";
import { understood } from "./strict-decoding.ts";

/** Stands for "no limit": every client's integer holds it, also times 10^9 as axiom-go's durations have it. */
const UNLIMITED = 1_000_000_000;

interface OrganisationRow {
  id: string;
  name: string;
  defaultRegion: string;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
  ver: number;
  ownerEmail: string | null;
}

export const orgs: Route[] = ["/v2/orgs", "/v1/orgs", "/api/v1/orgs"].flatMap((path): Route[] => [
  { method: "GET", path, as: "visitor", by: ANY_CREDENTIAL, run: list },
  { method: "GET", path: `${path}/:id`, as: "visitor", by: ANY_CREDENTIAL, run: get },
]);

/** An API token sees its own, in which it has no role. */
async function list(c: Request, { memberships }: Visitor): Promise<Response> {
  return c.json(await Promise.all(memberships.map((membership) => organisation(c, membership))));
}

async function get(c: Request, { memberships }: Visitor): Promise<Response> {
  const id = c.req.param("id");
  const membership = memberships.find(({ org }) => org === id);
  // a foreign organisation and one that does not exist are the same to whoever asks
  if (!membership) throw new Problem("resource-unknown", `organisation not found: ${id} is none of this credential's`);
  return c.json(await organisation(c, membership));
}

/**
 * The organisation of the path, which must be the one that the caller acts in.
 * @throws Problem `resource-unknown`
 */
export function namedOrganisation(c: Request, { org }: Caller): string {
  const id = c.req.param("id") ?? "";
  if (id !== org) throw unknownOrganisation(id);
  return org;
}

export function unknownOrganisation(id: string): Problem {
  return new Problem("resource-unknown", `organisation not found: ${id} is not the one that X-Axiom-Org-Id names`);
}

export async function organisation(c: Request, { org, role }: Pick<Membership, "org" | "role">) {
  const row = await c.env.DB.prepare(
    `SELECT o.id, o.name, o.default_region AS defaultRegion, o.created_at AS createdAt, o.updated_at AS updatedAt, o.ver,
      (SELECT u.email FROM members m JOIN users u ON u.id = m.user_id WHERE m.org = o.id AND m.role = 'owner'
        ORDER BY m.created_at LIMIT 1) AS ownerEmail
    FROM orgs o WHERE o.id = ?`,
  )
    .bind(org)
    .first<OrganisationRow>();
  if (!row) throw new Problem("resource-unknown", `organisation not found: ${org}`);
  return understood(c, view(row, role, [...settingsOf(c.env).regions.keys()]), ["defaultEdgeDeployment"]);
}

/**
 * Nobody sells this: the plan is one that every client knows, no payment is due, and the license says what Headgate enforces.
 * axiom-go refuses members it does not know and times that are empty texts; null it reads as none.
 */
function view(row: OrganisationRow, role: string, regions: string[]) {
  const created = new Date(row.createdAt).toISOString();
  return {
    id: row.id,
    name: row.name,
    slug: row.id,
    plan: "enterprise",
    planCreated: created,
    lastUsageSync: null,
    role,
    // with an API token the owner's address is nobody's business
    primaryEmail: role === "none" ? "" : (row.ownerEmail ?? ""),
    license: license(row, created, regions),
    paymentStatus: "na",
    firstFailedPayment: null,
    metaCreated: created,
    metaModified: new Date(row.updatedAt).toISOString(),
    metaVersion: String(row.ver),
    defaultEdgeDeployment: row.defaultRegion,
  };
}

function license({ id, name, defaultRegion }: OrganisationRow, created: string, regions: string[]) {
  return {
    id,
    tier: "enterprise",
    issuer: "headgate",
    issuedTo: name,
    issuedAt: created,
    validFrom: created,
    expiresAt: null,
    // allowances of a platform fee, which there is not; axiom-go looks for the last two under names of its own
    monthlyIngestGb: UNLIMITED,
    monthlyQueryGbHours: UNLIMITED,
    storageAllowanceGB: UNLIMITED,
    monthlyIngestGbHours: UNLIMITED,
    storageAllowanceGb: UNLIMITED,
    apiRateLimitPerSecond: UNLIMITED,
    maxUsers: UNLIMITED,
    maxDatasets: DATASETS_MAX,
    maxMonitors: 0,
    maxFields: UNLIMITED,
    maxEndpoints: 0,
    maxQueryWindowSeconds: UNLIMITED,
    maxAuditWindowSeconds: UNLIMITED,
    withRBAC: false,
    withAuths: [],
    features: {},
    billingPeriodStart: null,
    billingPeriodEnd: null,
    defaultEdgeDeployment: defaultRegion,
    edgeDeployments: regions,
  };
}

/** What the edges know of an organisation: its standing, where each dataset lives and how it takes events. Null: no such organisation. */
export async function organisationDocument(db: D1Database, id: string, regions: Record<string, string>): Promise<OrganisationMap | null> {
  // one batch, so that the version and the datasets are of the same moment
  const [orgs, datasets] = await db.batch([
    db.prepare("SELECT status, ver FROM orgs WHERE id = ?").bind(id),
    db.prepare(`SELECT name, id, region, ${PUBLISHED_SETTINGS} FROM datasets WHERE org = ? AND deleted_at IS NULL ORDER BY name`).bind(id),
  ]);
  const [org] = (orgs?.results ?? []) as { status: OrganisationMap["status"]; ver: number }[];
  if (!org) return null;
  const rows = (datasets?.results ?? []) as ({ name: string; id: string; region: string } & PublishedRow)[];
  const byName = Object.fromEntries(
    rows.map(({ name, id, region, ...settings }): [string, DatasetEntry] => [name, { id, region, ...publishedSettings(settings) }]),
  );
  return organisationMap({ id, status: org.status, datasets: byName, regions, ver: org.ver });
}
