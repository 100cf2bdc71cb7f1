/** Anybody may begin to sign in: what that costs a provider must not depend on how many do. */
import { expect, it } from "vitest";
import { discover, metadataOf } from "../../../src/management/sign-in/discovery.ts";

const T0 = 1_700_000_000_000;

it("leaves a provider alone for 30 s after it failed, unless an administrator tries it out", async () => {
  const issuer = `https://${crypto.randomUUID()}.example`;
  const document = {
    ...{ issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k` },
  };
  let asked = 0;
  let down = true;
  const outside = {
    allowInsecure: false,
    fetch: async () => {
      asked += 1;
      return down ? new Response("down", { status: 500 }) : Response.json(document);
    },
  };
  for (let login = 0; login < 30; login++)
    await expect(metadataOf(issuer, outside, T0 + login * 999)).rejects.toMatchObject({ reason: "upstream-failed" });
  expect(asked).toBe(1);
  await expect(metadataOf(`${issuer}/other`, outside, T0)).rejects.toMatchObject({ reason: "upstream-failed" });
  expect(asked).toBe(2);

  down = false;
  expect(await metadataOf(issuer, outside, T0 + 30_000)).toMatchObject({ issuer });
  expect(asked).toBe(3);

  down = true;
  await expect(discover(issuer, outside, T0 + 40_000)).rejects.toMatchObject({ reason: "upstream-failed" });
  down = false;
  await expect(metadataOf(issuer, outside, T0 + 41_000)).rejects.toMatchObject({ reason: "upstream-failed" });
  await discover(issuer, outside, T0 + 42_000);
  expect(await metadataOf(issuer, outside, T0 + 43_000)).toMatchObject({ issuer });
  expect(asked).toBe(5);
});
