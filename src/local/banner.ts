/** What `npm start` prints last. */
import type { Local } from "./state.ts";

const WIDTH = 100;
const EVENT = '{"level":"info","message":"hello, Headgate"}';
const READER = '{"name":"reader","datasetCapabilities":{"*":{"query":["read"]}}}';

/**
 * Addresses, credentials and commands to paste. The commands are one line each and stand between the box's lines without a border, so that what is
 * selected is what a shell takes.
 */
export function banner({ management, edges, org, ownerToken, ingestToken, datasets }: Local): string {
  const [region = "", edge = ""] = Object.entries(edges)[0] ?? [];
  const dataset = datasets[region];
  const owner = `-H 'Authorization: Bearer ${ownerToken}' -H 'X-Axiom-Org-Id: ${org}'`;
  const json = "-H 'Content-Type: application/json'";
  return [
    "",
    rule("┌", "Headgate is running"),
    row("management", management),
    ...Object.entries(edges).map(([id, url]) => row(`edge ${id}`, `${url}  dataset ${datasets[id]}`)),
    row("organisation", org),
    row("owner token", `${ownerToken}  management only, with X-Axiom-Org-Id`),
    row("ingest token", `${ingestToken}  edges`),
    rule("├", "Send an event"),
    "",
    `curl -sS -w '\\n' ${edge}/v1/ingest/${dataset} -H 'Authorization: Bearer ${ingestToken}' -H 'Content-Type: application/x-ndjson' -d '${EVENT}'`,
    "",
    rule("├", "See it: make a token that may read, ask for it, write the buffer out, list the objects"),
    "",
    `READER=$(curl -sS ${management}/v2/tokens ${owner} ${json} -d '${READER}' | grep -o 'xaat-[0-9A-Za-z]*')`,
    `curl -sS -w '\\n' '${edge}/v1/query/_apl?format=tabular' -H "Authorization: Bearer $READER" ${json} -d '{"apl":"${dataset} | project message"}'`,
    `curl -sS -w '\\n' -X POST ${management}/v2/datasets/${dataset}/flush ${owner}`,
    `curl -sS -w '\\n' ${edge}/v1/datasets/${dataset}/segments -H "Authorization: Bearer $READER"`,
    "",
    rule("└", "Ctrl-C stops it; the data stays"),
  ].join("\n");
}

function rule(corner: string, title: string): string {
  return `${corner}─ ${title} ${"─".repeat(Math.max(0, WIDTH - title.length - 4))}`;
}

function row(name: string, value: string): string {
  return `│ ${name.padEnd(28)}${value}`;
}
