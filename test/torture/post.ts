/** One request of a sender, as an agent in the field makes it: over a kept connection, which either side may end at any moment. */
import { Agent, request } from "node:http";

export interface Answer {
  status: number;
  /** Whether it says that the batch was known already. */
  duplicate: boolean;
  text: string;
}

const ANSWER_WITHIN_MS = 30_000;

const agent = new Agent({ keepAlive: true });

/**
 * The answer, or null when the connection ended without one.
 * @param hangUp after so many bytes of the body and so many milliseconds; absent: never.
 */
export function post(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
  hangUp?: { bytes: number; ms: number },
): Promise<Answer | null> {
  return new Promise((resolve) => {
    const options = { method: "POST", agent, headers: { ...headers, "content-length": body.length }, timeout: ANSWER_WITHIN_MS };
    const sent = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      const { statusCode: status = 0, headers: told } = response;
      response.once("end", () => resolve({ status, duplicate: told["x-headgate-deduplicated"] === "true", text }));
      response.once("close", () => resolve(null));
    });
    sent.once("timeout", () => sent.destroy()).on("error", () => resolve(null));
    sent.once("close", () => resolve(null));
    if (!hangUp) {
      sent.end(body);
      return;
    }
    if (hangUp.bytes >= body.length) sent.end(body);
    else sent.write(body.subarray(0, hangUp.bytes));
    setTimeout(() => sent.destroy(), hangUp.ms);
  });
}
