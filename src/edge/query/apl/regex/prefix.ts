/** How a match begins, in as far as it is always the same: that is looked for first, as the platform does it fastest. */
import type { Node } from "./parse.ts";
import type { Program } from "./program.ts";

/** The text that every match begins with; empty: none. */
export function prefixOf(node: Node): string {
  return begun(node).text;
}

/** @returns `whole`: the node matches this text only, so that what follows it goes on from there */
function begun(node: Node): { text: string; whole: boolean } {
  if (node.kind === "set") {
    const [from = 0, to = 0] = node.ranges;
    return node.ranges.length === 2 && from === to ? { text: String.fromCodePoint(from), whole: true } : { text: "", whole: false };
  }
  if (node.kind === "group") return begun(node.of);
  if (node.kind === "repeat") return { text: node.least > 0 ? begun(node.of).text : "", whole: false };
  if (node.kind !== "sequence") return { text: "", whole: false };
  let text = "";
  for (const one of node.of) {
    const next = begun(one);
    text += next.text;
    if (!next.whole) return { text, whole: false };
  }
  return { text, whole: true };
}

/** By class, whether a match may begin with such a character; null: one may begin with none. */
export function beginningsOf({ instructions, classes, sets }: Program): Uint8Array | null {
  const begins = new Uint8Array(classes);
  const seen = new Uint8Array(instructions.length);
  const open = [0];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const instruction = instructions[at];
    if (instruction === undefined || seen[at] === 1) continue;
    seen[at] = 1;
    if (instruction.op === "match") return null;
    if (instruction.op === "set") for (const [i, has] of sets[instruction.set]?.entries() ?? []) begins[i] = (begins[i] ?? 0) | has;
    else if (instruction.op === "split") open.push(instruction.first, instruction.second);
    else open.push(instruction.op === "jump" ? instruction.to : at + 1);
  }
  return begins;
}
