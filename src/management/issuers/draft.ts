/** What is asked of a trusted issuer, and whether the caller may have it. */
import * as v from "valibot";
import { beyond, type Capability, EVERY } from "../../access/capability.ts";
import {
  type ClaimMapping,
  type ClaimTest,
  JWT_ALGORITHMS,
  JWT_TYPES,
  namesOrganisation,
  WORKLOAD_CAPABILITIES,
} from "../../access/trusted-issuer.ts";
import { Problem } from "../../problem.ts";
import { type Caller, mayGrant } from "../caller.ts";
import { Name } from "../request.ts";
import type { Issuer } from "./store.ts";

const URL_LENGTH_MAX = 2_048;
const AUDIENCE_LENGTH_MAX = 512;
const MAPPINGS_MAX = 50;
const TESTS_MAX = 8;
const CLAIM_LENGTH_MAX = 128;
const VALUE_LENGTH_MAX = 512;
const DATASETS_MAX = 100;
const AGE_S_MIN = 60;
const AGE_S_MAX = 86_400;

const text = (lengthMax: number) =>
  v.pipe(
    v.string(),
    v.minLength(1, "must not be empty"),
    v.maxLength(lengthMax, `must be at most ${lengthMax} characters`),
    v.regex(/^\P{Cc}*$/u, "must not hold control characters"),
  );

/** A beginning that ends within a word would let neighbours in: `repo:acme` also begins `repo:acme-evil/app`. */
const Beginning = v.pipe(
  text(VALUE_LENGTH_MAX),
  v.regex(/[:/|=,#@]$/, "must end with one of : / | = , # @, or what merely begins alike matches too"),
);

const ClaimTestBody = v.pipe(
  v.strictObject({
    claim: text(CLAIM_LENGTH_MAX),
    equals: v.optional(text(VALUE_LENGTH_MAX)),
    startsWith: v.optional(Beginning),
    includes: v.optional(text(VALUE_LENGTH_MAX)),
  }),
  v.check(
    ({ equals, startsWith, includes }) => [equals, startsWith, includes].filter((one) => one !== undefined).length === 1,
    "must hold claim and one of equals, startsWith, includes",
  ),
);

const Mapping = v.strictObject({
  when: v.pipe(
    v.array(ClaimTestBody),
    v.minLength(1, "must hold a condition, or whoever the issuer knows would come in"),
    v.maxLength(TESTS_MAX, `must hold at most ${TESTS_MAX} conditions`),
  ),
  grants: v.strictObject({
    datasets: v.record(
      v.string(),
      v.pipe(
        v.array(v.picklist(WORKLOAD_CAPABILITIES, `must be of ${WORKLOAD_CAPABILITIES.join(", ")}`)),
        v.minLength(1, "must hold a capability"),
      ),
    ),
  }),
});

const members = {
  algorithms: v.pipe(
    v.array(v.picklist(JWT_ALGORITHMS, `must be of ${JWT_ALGORITHMS.join(", ")}`)),
    v.minLength(1, "must hold an algorithm"),
  ),
  typ: v.picklist(JWT_TYPES, `must be ${JWT_TYPES.join(" or ")}`),
  maxTokenAgeS: v.pipe(
    v.number(),
    v.integer("must be a whole number"),
    v.minValue(AGE_S_MIN, `must be at least ${AGE_S_MIN}`),
    v.maxValue(AGE_S_MAX, `must be at most ${AGE_S_MAX}`),
  ),
  claims: v.pipe(
    v.array(Mapping),
    v.minLength(1, "must hold a mapping"),
    v.maxLength(MAPPINGS_MAX, `must hold at most ${MAPPINGS_MAX} mappings`),
  ),
};

/** Issuer and audience never change, as they are what a token finds its issuer by. */
export const NewIssuer = v.strictObject({
  name: Name,
  issuer: text(URL_LENGTH_MAX),
  /** Absent: `urn:headgate:<organisation id>`. */
  audience: v.nullish(text(AUDIENCE_LENGTH_MAX)),
  /** Absent: what the issuer's discovery document says. */
  jwksUri: v.nullish(text(URL_LENGTH_MAX)),
  algorithms: v.nullish(members.algorithms),
  typ: v.nullish(members.typ),
  maxTokenAgeS: v.nullish(members.maxTokenAgeS),
  claims: members.claims,
});
export type NewIssuer = v.InferOutput<typeof NewIssuer>;

/** Absent members stay as they are. */
export const IssuerUpdate = v.strictObject({
  name: v.optional(Name),
  jwksUri: v.optional(text(URL_LENGTH_MAX)),
  algorithms: v.optional(members.algorithms),
  typ: v.optional(members.typ),
  maxTokenAgeS: v.optional(members.maxTokenAgeS),
  claims: v.optional(members.claims),
  status: v.optional(v.picklist(["active", "disabled"], "must be active or disabled")),
});
export type IssuerUpdate = v.InferOutput<typeof IssuerUpdate>;

type MappingBody = v.InferOutput<typeof Mapping>;

/** @throws Problem `body-invalid` for an audience that could be another organisation's. */
export function audienceOf({ audience }: NewIssuer, org: string): string {
  if (!audience) return `urn:headgate:${org}`;
  if (!namesOrganisation(audience, org))
    throw new Problem(
      "body-invalid",
      `audience must hold the organisation's id ${org} as a whole word, such as urn:headgate:${org}, so that it is nobody else's`,
    );
  return audience;
}

/** @throws Problem `body-invalid` naming a dataset that does not exist. */
export function mappingsOf(bodies: readonly MappingBody[], datasetIds: ReadonlyMap<string, string>): ClaimMapping[] {
  return bodies.map(({ when, grants }) => {
    const named = Object.entries(grants.datasets);
    if (named.length === 0 || named.length > DATASETS_MAX)
      throw new Problem("body-invalid", `grants.datasets must name 1 to ${DATASETS_MAX} datasets, or "*" for all`);
    const datasets = named.map(([name, capabilities]): [string, Capability[]] => {
      const id = name === EVERY ? EVERY : datasetIds.get(name);
      if (!id)
        throw new Problem(
          "body-invalid",
          `grants.datasets names the dataset ${JSON.stringify(name)}, which does not exist; create it at POST /v2/datasets, or correct the name`,
        );
      return [id, [...new Set(capabilities)]];
    });
    return { when: when.map(testOf), grants: { datasets: Object.fromEntries(datasets) } };
  });
}

/**
 * The subset rule: nobody lets workloads do what they may not do themselves. An issuer has no end, and neither has what a person may
 * hand on.
 * @throws Problem `grant-too-wide` naming what goes beyond.
 */
export function requireWithin(caller: Caller, claims: readonly ClaimMapping[], datasetIds: ReadonlyMap<string, string>): void {
  for (const { grants } of claims) {
    const excess = beyond({ ...mayGrant(caller), expiresAt: null }, { datasets: grants.datasets, org: [], views: {}, expiresAt: null });
    if (!excess) continue;
    const named = [...datasetIds].reduce((said, [name, id]) => said.replace(id, name), excess);
    throw new Problem(
      "grant-too-wide",
      `an issuer's workloads may not exceed whoever configures it: ${named}; leave it out, or ask an owner`,
    );
  }
}

/** An issuer as its organisation reads it. Datasets that were deleted are left out. */
export function viewIssuer(issuer: Issuer, datasetNames: ReadonlyMap<string, string>) {
  const { id, name, audience, algorithms, jwksUri, typ, maxTokenAgeS, status, keys, keysAt, createdAt } = issuer;
  const claims = issuer.claims.map(({ when, grants }) => {
    const named = Object.entries(grants.datasets).flatMap(([scope, held]): [string, Capability[]][] => {
      const label = scope === EVERY ? scope : datasetNames.get(scope);
      return label === undefined ? [] : [[label, held]];
    });
    return { when, grants: { datasets: Object.fromEntries(named) } };
  });
  return {
    ...{ id, name, issuer: issuer.issuer, audience, jwksUri, algorithms, typ, maxTokenAgeS, claims, status },
    keyIds: keys.map(({ kid }) => kid),
    keysFetchedAt: new Date(keysAt).toISOString(),
    createdAt: new Date(createdAt).toISOString(),
  };
}

function testOf({ claim, equals, startsWith, includes }: v.InferOutput<typeof ClaimTestBody>): ClaimTest {
  if (equals !== undefined) return { claim, equals };
  return startsWith !== undefined ? { claim, startsWith } : { claim, includes: includes ?? "" };
}
