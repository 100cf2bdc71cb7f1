/** Where the first match and its groups lie: all ways through the program are walked at once, those that go before others first. */
import type { Meter } from "../regex.ts";
import { contextBefore, contextOf, holds, TEXT_EDGE } from "./context.ts";
import type { Program } from "./program.ts";

type Saved = readonly number[];

/** Null also when the meter runs out. */
export type FirstMatch = (text: string, from: number, meter?: Meter) => Saved | null;

export function openFirstMatch(program: Program, begins: Uint8Array | null): FirstMatch {
  const { instructions, slots, classOf, sets, anchored } = program;
  const nothing: Saved = Array(slots).fill(-1);
  /** By instruction, the round in which a way last came to it. The first to come is the one that goes before. */
  const reachedIn = new Int32Array(instructions.length);
  let round = 0;

  /** Goes on from an instruction by all that needs no character, to those that look at one. */
  const follow = (ways: Ways, from: number, savedBefore: Saved, position: number, before: number, behind: number): void => {
    const open = [from];
    const saves: Saved[] = [savedBefore];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const saved = saves.pop() ?? nothing;
      const instruction = instructions[at];
      if (instruction === undefined || reachedIn[at] === round) continue;
      reachedIn[at] = round;
      if (instruction.op === "split") {
        open.push(instruction.second, instruction.first);
        saves.push(saved, saved);
      } else if (instruction.op === "jump") {
        open.push(instruction.to);
        saves.push(saved);
      } else if (instruction.op === "save") {
        open.push(at + 1);
        saves.push(saved.with(instruction.slot, position));
      } else if (instruction.op === "at") {
        if (!holds(instruction.where, before, behind)) continue;
        open.push(at + 1);
        saves.push(saved);
      } else {
        ways.at.push(at);
        ways.saved.push(saved);
      }
    }
  };

  return (text, from, meter = { left: Number.POSITIVE_INFINITY }) => {
    let found: Saved | null = null;
    let before = contextBefore(program, text, from);
    // ways that have taken the last character; how they go on may depend on the next one
    let pending: Ways = { at: [], saved: [] };
    reachedIn.fill(0);
    round = 0;
    for (let position = from; ; ) {
      if (--meter.left < 0) return null;
      const point = text.codePointAt(position);
      const characterClass = point === undefined ? -1 : classOf(point);
      const behind = point === undefined ? TEXT_EDGE : contextOf(program, characterClass);
      const mayBegin = found === null && (!anchored || position === 0) && (begins === null || begins[characterClass] === 1);
      if (mayBegin || pending.at.length > 0) {
        round++;
        const ways: Ways = { at: [], saved: [] };
        for (const [i, at] of pending.at.entries()) follow(ways, at, pending.saved[i] ?? nothing, position, before, behind);
        if (mayBegin) follow(ways, 0, nothing, position, before, behind);
        pending = { at: [], saved: [] };
        for (const [i, at] of ways.at.entries()) {
          const instruction = instructions[at];
          if (instruction?.op === "match") {
            found = ways.saved[i] ?? nothing;
            // the ways behind it in order go behind it in preference
            break;
          }
          if (instruction?.op !== "set" || sets[instruction.set]?.[characterClass] !== 1) continue;
          pending.at.push(at + 1);
          pending.saved.push(ways.saved[i] ?? nothing);
        }
      }
      if (point === undefined || (pending.at.length === 0 && (found !== null || anchored))) return found;
      before = behind;
      position += point > 0xffff ? 2 : 1;
    }
  };
}

interface Ways {
  readonly at: number[];
  readonly saved: Saved[];
}
