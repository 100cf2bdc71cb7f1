/**
 * What is known of the fields of a dataset's events while they are read: which are wanted, and in what order they come. The same names
 * mostly come in the same order, so each field remembers which one came after it, and a name is compared with the one expected instead
 * of being looked up.
 */
import type { Columns } from "../apl/columns.ts";
import type { Type } from "../apl/value.ts";
import { openStrings, type Strings } from "./strings.ts";

export interface Field {
  /** The bytes of its name as it is spelled, with both quotes. */
  readonly spelled: Uint8Array;
  /** In full: `a.b` in the object of `a`. */
  readonly name: string;
  readonly level: Level;
  /** Of its column: NONE when it is not wanted, LATER when it is and has none yet. */
  slot: number;
  /** `_time` and `_sysTime`. */
  readonly isTime: boolean;
  /** A map field: its objects are values. */
  readonly isMap: boolean;
  /** Whether there is anything wanted within its objects. */
  readonly descends: boolean;
  /** The fields of its objects. */
  below: Level | null;
  /** The one that came after it last; null: the object ended, or this was never met. */
  next: Field | null;
  /** Bytes of its last string. */
  length: number;
  /** Short strings that it has had. */
  readonly strings: Strings;
}

/** One object's fields. */
export interface Level {
  /** Of their names: `a.`; empty for the event itself. */
  readonly prefix: string;
  /** By their name as it is spelled. */
  readonly fields: Map<string, Field>;
  first: Field | null;
}

export const NONE = -1;
export const LATER = -2;

/** Fields that are remembered at a time; past that all are learnt anew. */
const FIELDS_MAX = 10_000;
/** Columns of a scan that wants all there are: each costs its place in every row. */
export const COLUMNS_MAX = 2_000;

export const TIME = "_time";
const SYSTEM_TIME = "_sysTime";

export interface FieldsOptions {
  /** Null: all. */
  names: readonly string[] | null;
  mapFields: readonly string[];
  columns: Columns;
  /** Told when a field gets no column for want of room. */
  crowded(): void;
}

export interface Fields {
  readonly top: Level;
  /** Slots of the wanted names that may stand in an event; 0: unknown beforehand. */
  readonly wanted: number;
  /** The field of a name that was met at a level. `name` is the name as it is meant, without quotes. */
  learn(level: Level, spelled: string, bytes: Uint8Array, name: string): Field;
  below(field: Field): Level;
  /** The slot of a field that is wanted and has just been met with a value; NONE: there is no room. */
  slotOf(field: Field): number;
}

export function openFields({ names, mapFields, columns, crowded }: FieldsOptions): Fields {
  const maps = new Set(mapFields);
  const slots = names && new Map(names.map((name) => [name, columns.slot(name, typeOf(name))]));
  // of `a.b.c`: `a` and `a.b`
  const ways = new Set(names?.flatMap((name) => [...name.matchAll(/\./g)].map(({ index }) => name.slice(0, index))));
  const top: Level = { prefix: "", fields: new Map(), first: null };
  let known = 0;

  return {
    top,
    wanted: slots?.size ?? 0,
    learn(level, spelled, bytes, ownName) {
      if (known++ === FIELDS_MAX) {
        top.fields.clear();
        top.first = null;
        known = 1;
      }
      const name = level.prefix + ownName;
      const isMap = maps.has(name);
      const field: Field = {
        spelled: bytes,
        name,
        level,
        slot: slots ? (slots.get(name) ?? NONE) : LATER,
        isTime: name === TIME || name === SYSTEM_TIME,
        isMap,
        descends: !isMap && (slots === null || ways.has(name)),
        below: null,
        next: null,
        length: 0,
        strings: openStrings(),
      };
      level.fields.set(spelled, field);
      return field;
    },
    below: (field) => (field.below ??= { prefix: `${field.name}.`, fields: new Map(), first: null }),
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

function typeOf(name: string): Type {
  return name === TIME || name === SYSTEM_TIME ? "datetime" : name === ROW_ID ? "string" : "dynamic";
}

/** Where an event lies: made by whoever reads it. */
export const ROW_ID = "_rowID";
