/** Members of a JSON object that a client sent, each of the type that it must have. `null` counts as absent: Go and Python send it. */
import { Problem } from "../../../problem.ts";

export type Json = Record<string, unknown>;

export interface Members {
  string(name: string): string | null;
  /** A text that is not empty. */
  required(name: string): string;
  boolean(name: string): boolean;
  /** A whole number from 0 on. */
  count(name: string): number | null;
  strings(name: string, most: number): string[];
  object(name: string): Json | null;
  objects(name: string, most: number): Json[];
}

/**
 * @param where stands before names in refusals: empty, or such as `filter.`.
 * @throws Problem `body-invalid` naming the member, as all of the readers.
 */
export function membersOf(value: Json, where = ""): Members {
  const given = (name: string) => (Object.hasOwn(value, name) ? (value[name] ?? null) : null);
  const wrong = (name: string, what: string) => new Problem("body-invalid", `${where}${name} must be ${what}`);
  const array = (name: string, most: number): unknown[] => {
    const list = given(name) ?? [];
    if (!Array.isArray(list)) throw wrong(name, "an array");
    if (list.length > most) throw wrong(name, `an array of at most ${most} elements`);
    return list;
  };
  const string = (name: string): string | null => {
    const text = given(name);
    if (text !== null && typeof text !== "string") throw wrong(name, "a string");
    return text;
  };
  return {
    string,
    required(name) {
      const text = string(name);
      if (!text) throw wrong(name, "given, and not empty");
      return text;
    },
    boolean(name) {
      const flag = given(name) ?? false;
      if (typeof flag !== "boolean") throw wrong(name, "true or false");
      return flag;
    },
    count(name) {
      const number = given(name);
      if (number !== null && (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0))
        throw wrong(name, "a whole number from 0 on");
      return number as number | null;
    },
    strings(name, most) {
      const list = array(name, most);
      if (!list.every((item) => typeof item === "string")) throw wrong(name, "an array of strings");
      return list as string[];
    },
    object(name) {
      const object = given(name);
      if (object !== null && !isObject(object)) throw wrong(name, "an object");
      return object as Json | null;
    },
    objects(name, most) {
      const list = array(name, most);
      if (!list.every(isObject)) throw wrong(name, "an array of objects");
      return list as Json[];
    },
  };
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws Problem `body-invalid` for what is no JSON object in UTF-8. */
export function readObject(body: Uint8Array, example: string): Json {
  let value: unknown = null;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    // the refusal below says what is wanted
  }
  if (!isObject(value)) throw new Problem("body-invalid", `the body must be a JSON object such as ${example}`);
  return value;
}
