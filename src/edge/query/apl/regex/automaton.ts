/**
 * Whether there is a match, by an automaton whose states are made when they are first needed: most texts cost one look into a table for
 * each character. A state is the set of instructions that may be next, before `^` and its like are decided, which needs the next character.
 */
import type { Meter } from "../regex.ts";
import { contextBefore, contextOf, holds, TEXT_EDGE } from "./context.ts";
import { type Program, TABLE_SIZE } from "./program.ts";

/** Numbers of all transitions that are kept, 4 bytes each; then all are forgotten, and what is still needed is made again. */
const TRANSITIONS_MAX = 262_144;
const STATES_LEAST = 16;

const UNKNOWN = -1;
const MATCHED = -2;
/** No match from here on. */
const DEAD = -3;

interface State {
  readonly next: readonly number[];
  /** Of the character before. */
  readonly before: number;
}

export interface Automaton {
  test(text: string, from: number, meter?: Meter): boolean;
}

export function openAutomaton(program: Program): Automaton {
  const { instructions, classes, classOf, table, sets, anchored } = program;
  // one class more, for the end of the text
  const width = classes + 1;
  const most = Math.max(STATES_LEAST, Math.floor(TRANSITIONS_MAX / width));
  let states: State[] = [];
  let numbers = new Map<string, number>();
  let transitions = new Int32Array(0);
  const seen = new Uint8Array(instructions.length);

  const numberOf = (state: State): number => {
    const key = `${state.before}:${state.next.join()}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = states.push(state) - 1;
    numbers.set(key, number);
    if ((number + 1) * width > transitions.length) {
      const larger = new Int32Array(Math.max(transitions.length * 2, 8 * width)).fill(UNKNOWN);
      larger.set(transitions);
      transitions = larger;
    }
    return number;
  };

  const forget = () => {
    states = [];
    numbers = new Map();
    transitions = new Int32Array(0);
  };

  /** Instructions that look at a character, reached without one; true: the end is among what is reached. */
  const reach = (from: readonly number[], before: number, behind: number, reached: number[]): boolean => {
    seen.fill(0);
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen[at] === 1) continue;
      seen[at] = 1;
      const instruction = instructions[at];
      if (instruction === undefined) continue;
      if (instruction.op === "match") return true;
      if (instruction.op === "set") reached.push(at);
      else if (instruction.op === "split") open.push(instruction.first, instruction.second);
      else if (instruction.op === "jump") open.push(instruction.to);
      else if (instruction.op === "save" || holds(instruction.where, before, behind)) open.push(at + 1);
    }
    return false;
  };

  const step = ({ next, before }: State, characterClass: number): State | null => {
    const end = characterClass === classes;
    const context = end ? TEXT_EDGE : contextOf(program, characterClass);
    const reached: number[] = [];
    if (reach(next, before, context, reached)) return null;
    const after = anchored || end ? [] : [0];
    for (const at of reached) {
      const instruction = instructions[at];
      if (!end && instruction?.op === "set" && sets[instruction.set]?.[characterClass] === 1) after.push(at + 1);
    }
    return { next: after.sort((a, b) => a - b), before: context };
  };

  const transition = (number: number, characterClass: number): number => {
    const state = states[number];
    if (state === undefined) return DEAD;
    const next = step(state, characterClass);
    if (next === null || next.next.length === 0) {
      const outcome = next === null ? MATCHED : DEAD;
      transitions[number * width + characterClass] = outcome;
      return outcome;
    }
    if (states.length >= most) {
      forget();
      return numberOf(next);
    }
    const reached = numberOf(next);
    transitions[number * width + characterClass] = reached;
    return reached;
  };

  const test: Automaton["test"] = (text, from, meter) => {
    if (anchored && from > 0) return false;
    let state = numberOf({ next: [0], before: contextBefore(program, text, from) });
    const { length } = text;
    let known = transitions;
    for (let at = from; at < length; at++) {
      let point = text.charCodeAt(at);
      if (point >= 0xd800 && point <= 0xdbff) {
        point = text.codePointAt(at) ?? point;
        if (point > 0xffff) at++;
      }
      // a call for each character would cost half of the speed
      const characterClass = point < TABLE_SIZE ? (table[point] as number) : classOf(point);
      const next = known[state * width + characterClass] as number;
      if (next >= 0) {
        state = next;
        continue;
      }
      state = next === UNKNOWN ? transition(state, characterClass) : next;
      known = transitions;
      if (state < 0) {
        if (meter !== undefined) meter.left -= at - from;
        return state === MATCHED;
      }
    }
    if (meter !== undefined) meter.left -= length - from;
    const last = transitions[state * width + classes] as number;
    return (last === UNKNOWN ? transition(state, classes) : last) === MATCHED;
  };
  return { test };
}
