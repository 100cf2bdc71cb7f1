/** What went wrong with a provider, in words for whoever wants to sign in or has set it up. */
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { FetchFailure } from "../../access/workload/fetch-trusted.ts";
import { Problem } from "../../problem.ts";

const FOREIGN_LENGTH_MAX = 200;
/** By OAuth and by GitHub. */
const CLIENT_REFUSED: readonly string[] = ["invalid_client", "unauthorized_client", "incorrect_client_credentials"];
const BEGIN_AGAIN = "begin to sign in again";

/** Anything thrown on the way as a Problem; what is no failure of the provider's is thrown as it is. */
export function providerFailure(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof FetchFailure) return new Problem("upstream-failed", `the identity provider cannot be used: ${thrown.message}`);
  if (thrown instanceof AuthorizationResponseError) {
    const said = foreign([thrown.error, thrown.error_description]);
    return new Problem("sign-in-failed", `the identity provider did not let you in, and says: ${said}; ${BEGIN_AGAIN}`);
  }
  if (clientRefused(thrown))
    return new Problem(
      "upstream-failed",
      "the identity provider does not take this client id and secret; an administrator must correct them",
    );
  if (thrown instanceof ResponseBodyError)
    return new Problem(
      "sign-in-failed",
      `the identity provider did not take the code, and says: ${foreign([thrown.error])}; ${BEGIN_AGAIN}`,
    );
  if (thrown instanceof OperationProcessingError || thrown instanceof UnsupportedOperationError)
    return new Problem("sign-in-failed", `the identity provider's answer does not hold: ${thrown.message}; ${BEGIN_AGAIN}`);
  throw thrown;
}

/** Whether the provider refused Headgate itself rather than the person. */
export function clientRefused(thrown: unknown): boolean {
  if (thrown instanceof WWWAuthenticateChallengeError) return true;
  return thrown instanceof ResponseBodyError && CLIENT_REFUSED.includes(thrown.error);
}

/** Foreign text is cut and kept to one line; whoever shows it escapes it. */
function foreign(parts: (string | undefined)[]): string {
  const text = parts
    .filter(Boolean)
    .join(": ")
    .replace(/\p{Cc}+/gu, " ");
  return JSON.stringify(text.slice(0, FOREIGN_LENGTH_MAX));
}
