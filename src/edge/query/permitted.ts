/** Which of the datasets that a query names its caller may read, here. All of them, or the query is refused before anything is read. */
import { Problem } from "../../problem.ts";
import type { Caller } from "../authenticate.ts";
import type { Destination } from "../buffer/segment.ts";
import { type EdgeEnv, settingsOf } from "../env.ts";
import { permit } from "../permit.ts";
import { datasetName } from "../route.ts";

const READ = "query:read";
/** Datasets in one query. */
const DATASETS_MAX = 32;

/** Who may read nothing has no query looked at. @throws Problem `forbidden`. */
export function requireReader({ set }: Caller): void {
  if (!Object.values(set.datasets).some((capabilities) => capabilities.includes(READ)))
    throw new Problem("forbidden", `the token lacks ${READ} for every dataset. A token's capabilities never change: create another`);
}

/**
 * @param where their names stand.
 * @returns by name.
 * @throws Problem `forbidden`, `dataset-unknown` or `wrong-region` for the first dataset that it is so for; `body-invalid` for too many.
 */
export async function permitted(
  names: Iterable<string>,
  where: "path" | "query",
  caller: Caller,
  env: EdgeEnv,
  now: number,
): Promise<Record<string, Destination>> {
  const { region } = settingsOf(env);
  const distinct = [...new Set(names)];
  if (distinct.length > DATASETS_MAX) throw new Problem("body-invalid", `a query may name at most ${DATASETS_MAX} datasets`);
  const destinations: Record<string, Destination> = {};
  let elsewhere: { name: string; problem: Problem } | null = null;
  for (const name of distinct) {
    try {
      destinations[name] = (await permit(caller, READ, possible(name), region, env, now)).destination;
    } catch (thrown) {
      if (where === "query" && thrown instanceof Problem && thrown.reason === "dataset-unknown") throw unknown(name);
      if (!(thrown instanceof Problem) || thrown.reason !== "wrong-region") throw thrown;
      elsewhere ??= { name, problem: thrown };
    }
  }
  if (elsewhere) throw wrongRegion(elsewhere.name, elsewhere.problem, Object.keys(destinations)[0], region);
  return destinations;
}

/** A text in a query that can name no dataset names none that is there. */
function possible(name: string): string {
  try {
    return datasetName(encodeURIComponent(name));
  } catch {
    throw unknown(name);
  }
}

function unknown(name: string): Problem {
  return new Problem(
    "dataset-unknown",
    `dataset ${JSON.stringify(name)} not found; create it at POST /v2/datasets of the management API, or mend the query`,
  );
}

function wrongRegion(name: string, { members }: Problem, other: string | undefined, here: string): Problem {
  const home = String(members["edgeDeployment"]);
  const url = members["edgeDeploymentUrl"];
  const there = url ? `${url}/v1/query/_apl` : `the edge of ${home}`;
  const text = other
    ? `a query cannot span regions: dataset ${name} is in ${home}, dataset ${other} in ${here}; ask for each at its own edge, ${name} at ${there}`
    : `a dataset is queried in its own region: dataset region: ${home}, deployment region: ${here}; use ${there}`;
  return new Problem("wrong-region", text, members);
}
