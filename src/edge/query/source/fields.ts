/**
 * What is known of the fields of a dataset's events while they are read: which are wanted, and in what order they come. The same names
 * mostly come in the same order, so each field remembers which one came after it, and a name is compared with the one expected instead
 * of being looked up.
 */
import type { Columns } from "../apl/columns.ts";
import type { Type } from "../apl/value.ts";
import { openStrings, type Strings } from "./strings.ts";

/** What came after it last, and before that: a name, or the end of an object, may make the order another one. */
export interface Step {
  next: Field | null;
  other: Field | null;
}

export interface Field extends Step {
  /** The bytes of its name as it is spelled, with both quotes. */
  readonly spelled: Uint8Array;
  /** In full: `a.b` in the object of `a`. */
  readonly name: string;
  readonly level: Level;
  /** Of its column: NONE when it is not wanted, LATER when it is and has none yet. */
  slot: number;
  /** `_time` and `_sysTime`. */
  readonly isTime: boolean;
  /** Of a map field, whose objects are values: in events that arrived before then. Microseconds; of any other field, before all times. */
  readonly wholeUntil: number;
  /** Whether there is anything wanted within its objects, where they are none. */
  readonly descends: boolean;
  /** The fields of its objects. */
  below: Level | null;
  /** Bytes of its last string. */
  length: number;
  /** Makes its strings. */
  readonly strings: Strings;
}

/** One object's fields. */
export interface Level {
  /** Of their names: `a.`; empty for the event itself. */
  readonly prefix: string;
  /** By their name as it is spelled. */
  readonly fields: Map<string, Field>;
  /** Before its first one. */
  readonly start: Step;
}

export const NONE = -1;
export const LATER = -2;

/** Fields that are remembered at a time; past that all are learnt anew. */
const FIELDS_MAX = 10_000;
/** Columns of a scan that wants all there are: each costs its place in every row. */
export const COLUMNS_MAX = 2_000;

export const TIME = "_time";
export const SYSTEM_TIME = "_sysTime";

/** Until when each map field was one, microseconds of arrival; those that still are, for ever. */
export type MapFields = ReadonlyMap<string, number>;

export interface FieldsOptions {
  /** Null: all. */
  names: readonly string[] | null;
  mapFields: MapFields;
  columns: Columns;
  /** Told when a field gets no column for want of room. */
  crowded(): void;
}

export interface Fields {
  readonly top: Level;
  /** Slots of the wanted names that may stand in an event; 0: unknown beforehand. */
  readonly wanted: number;
  /** Whether it matters when an event arrived. */
  readonly byArrival: boolean;
  /** The field of a name that was met at a level. `name` is the name as it is meant, without quotes. */
  learn(level: Level, spelled: string, bytes: Uint8Array, name: string): Field;
  below(field: Field): Level;
  /** The slot of a field that is wanted and has just been met with a value; NONE: there is no room. */
  slotOf(field: Field): number;
}

export function openFields({ names, mapFields, columns, crowded }: FieldsOptions): Fields {
  const slots = names && new Map(names.map((name) => [name, columns.slot(name, typeOf(name))]));
  // of `a.b.c`: `a` and `a.b`
  const ways = new Set(names?.flatMap((name) => [...name.matchAll(/\./g)].map(({ index }) => name.slice(0, index))));
  const top: Level = newLevel("");
  let known = 0;

  return {
    top,
    wanted: slots?.size ?? 0,
    byArrival: [...mapFields.values()].some(Number.isFinite),
    learn(level, spelled, bytes, ownName) {
      if (known++ === FIELDS_MAX) {
        top.fields.clear();
        top.start.next = top.start.other = null;
        known = 1;
      }
      const name = level.prefix + ownName;
      const wholeUntil = mapFields.get(name) ?? Number.NEGATIVE_INFINITY;
      const field: Field = {
        spelled: bytes,
        name,
        level,
        slot: slots ? (slots.get(name) ?? NONE) : LATER,
        isTime: name === TIME || name === SYSTEM_TIME,
        wholeUntil,
        descends: wholeUntil !== Number.POSITIVE_INFINITY && (slots === null || ways.has(name)),
        below: null,
        next: null,
        other: null,
        length: 0,
        strings: openStrings(),
      };
      level.fields.set(spelled, field);
      return field;
    },
    below: (field) => (field.below ??= newLevel(`${field.name}.`)),
    slotOf(field) {
      if (field.slot !== LATER) return field.slot;
      if (columns.find(field.name) === undefined && columns.list.length >= COLUMNS_MAX) {
        crowded();
        field.slot = NONE;
      } else field.slot = columns.slot(field.name, typeOf(field.name));
      return field.slot;
    },
  };
}

function newLevel(prefix: string): Level {
  return { prefix, fields: new Map(), start: { next: null, other: null } };
}

function typeOf(name: string): Type {
  return name === TIME || name === SYSTEM_TIME ? "datetime" : name === ROW_ID ? "string" : "dynamic";
}

/** Where an event lies: made by whoever reads it. */
export const ROW_ID = "_rowID";
