/** Path matching by segments: a handful of routes needs no router, and a request no more than a split. */
import { Problem } from "../problem.ts";

/** What `:dataset` and `:id` stood for, still percent-encoded; null when the path does not match. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path).split("/");
  if (wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (let i = 0; i < wanted.length; i++) {
    const want = wanted[i] as string;
    const part = given[i] as string;
    if (want.startsWith(":")) parameters[want.slice(1)] = part;
    else if (want !== part) return null;
  }
  return parameters;
}

/** Letters, digits and `_.-`, 1 to 128 of them, a letter or digit at both ends. */
const DATASET_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?$/;

/** @throws Problem for a segment that can name no dataset. */
export function datasetName(segment: string): string {
  let name = "";
  try {
    name = decodeURIComponent(segment);
  } catch {
    // falls through to the refusal: an undecodable segment names nothing
  }
  if (!DATASET_NAME.test(name))
    throw new Problem(
      "parameter-invalid",
      "a dataset's name has 1 to 128 letters, digits, '_', '.' and '-', and begins and ends with a letter or digit",
    );
  return name;
}
