/** The dataset that a request for an upstream is about: `?dataset=`, or the member of a JSON body. */
import { Problem } from "../../problem.ts";
import type { Request } from "../request.ts";

const BODY_LENGTH_MAX = 1_000_000;

/**
 * @returns the name, null for none, and the body to send on if there was one: as it was read here, so that no second member of the same
 * name, nor another spelling of it, means something else to the upstream.
 * @throws Problem when query and body name two.
 */
export async function datasetNamed(c: Request): Promise<{ name: string | null; body?: string }> {
  const given = c.req.queries("dataset") ?? [];
  if (given.length > 1) throw new Problem("parameter-invalid", "dataset is given more than once; send it once");
  const [asked = null] = given;
  if (c.req.method === "GET" || c.req.method === "DELETE") return { name: asked };
  const value = parse(await c.req.text());
  const said = value["dataset"] ?? null;
  if (said !== null && typeof said !== "string") throw new Problem("body-invalid", "dataset must be the name of one dataset");
  if (asked !== null && said !== null && asked !== said)
    throw new Problem("body-invalid", "the query parameter dataset and the body name two datasets; send one of them");
  return { name: asked ?? said, body: JSON.stringify(value) };
}

function parse(text: string): Record<string, unknown> {
  if (text.length > BODY_LENGTH_MAX) throw new Problem("body-too-large", `the body is longer than ${BODY_LENGTH_MAX} characters`);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // the same answer as for a text that is JSON but no object
  }
  throw new Problem("body-invalid", "the body must be a JSON object");
}
