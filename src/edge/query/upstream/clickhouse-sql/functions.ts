/** Scalar functions that have their like at ClickHouse, by APL's names. Our own engine has checked numbers and types of arguments. */

import { TEXT_FUNCTIONS } from "./text-functions.ts";
import { TIME_FUNCTIONS, type Written } from "./time-functions.ts";
import { VALUE_FUNCTIONS } from "./value-functions.ts";

export const FUNCTIONS: ReadonlyMap<string, Written> = new Map(
  Object.entries({ ...TEXT_FUNCTIONS, ...TIME_FUNCTIONS, ...VALUE_FUNCTIONS }),
);
