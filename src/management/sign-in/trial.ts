/** Whether a provider takes Headgate as its client, found out without a person. */
import {
  type AuthorizationServer,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
  ResponseBodyError,
} from "oauth4webapi";
import { randomSecret } from "./attempt.ts";
import { clientRefused } from "./failure.ts";
import { clientAuthOf, clientOf, type Exchange, through } from "./protocol.ts";

/** What is said of a code that nobody was given, by OAuth and by GitHub. */
const CODE_REFUSED: readonly string[] = ["invalid_grant", "bad_verification_code"];

/**
 * Sends such a code: whoever refuses the code has taken the client. Null: the provider does not say.
 * @param read makes an answer of the protocol's form out of the provider's.
 * @throws what `clientRefused` knows, and whatever keeps the provider from being asked.
 */
export async function clientTaken(
  server: AuthorizationServer,
  { provider, outside, redirectUri }: Exchange,
  secret: string,
  read: (response: Response) => Promise<Response> = async (response) => response,
): Promise<true | null> {
  const client = clientOf(provider);
  const parameters = { code: randomSecret(), code_verifier: randomSecret(), redirect_uri: redirectUri };
  const auth = clientAuthOf(provider, secret);
  const response = await genericTokenEndpointRequest(server, client, auth, "authorization_code", parameters, through(outside));
  try {
    await processGenericTokenEndpointResponse(server, client, await read(response));
    return null;
  } catch (error) {
    if (clientRefused(error)) throw error;
    return error instanceof ResponseBodyError && CODE_REFUSED.includes(error.error) ? true : null;
  }
}
