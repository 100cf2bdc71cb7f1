/** A run in words. */
import type { Verdict } from "./run.ts";

export function report(verdict: Verdict): string {
  const { kills, acked, stored, lost, duplicated, asleep, batches, large, seconds } = verdict;
  const { replays, replaysRecognised, retries, retriesRecognised, hangUps, failures } = verdict;
  return [
    `kills ${kills}, acked ${acked}, stored ${stored}, lost ${lost}, duplicated ${duplicated}`,
    `batches ${batches} in ${seconds} s, ${large} of them large; retries ${retries}, ${retriesRecognised} answered as duplicates; clients that hung up ${hangUps}`,
    `replays ${replays}, ${replaysRecognised} answered as duplicates; failures of the bucket ${failures}; left by the alarms ${asleep}`,
  ].join("\n");
}

/** Empty for a run that proves something and found nothing. */
export function wrongWith({ kills, acked, lost, duplicated, asleep, replaysRecognised, failures, large }: Verdict): string[] {
  const found = { "events lost": lost, "events duplicated": duplicated, "events that no alarm wrote out": asleep };
  const tested = {
    kills,
    "acknowledged events": acked,
    "large batches": large,
    "replays answered as duplicates": replaysRecognised,
    "failures of the bucket": failures,
  };
  return [
    ...Object.entries(found).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : [])),
    ...Object.entries(tested).flatMap(([what, count]) => (count === 0 ? [`nothing tested: no ${what}`] : [])),
  ];
}
