/** All scalar functions by name. */
import { ARRAY_FUNCTIONS } from "./array.ts";
import { BAG_FUNCTIONS } from "./bag.ts";
import { CALENDAR_FUNCTIONS } from "./calendar.ts";
import { CONDITION_FUNCTIONS } from "./condition.ts";
import { CONVERSION_FUNCTIONS } from "./conversion.ts";
import type { ScalarFunction } from "./define.ts";
import { ENCODING_FUNCTIONS } from "./encoding.ts";
import { HASH_FUNCTIONS } from "./hash.ts";
import { IP_FUNCTIONS } from "./ip.ts";
import { MATH_FUNCTIONS } from "./math.ts";
import { TEXT_FUNCTIONS } from "./text.ts";
import { PATTERN_FUNCTIONS } from "./text-patterns.ts";
import { TIME_FUNCTIONS } from "./time.ts";

export const SCALAR_FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map(
  Object.entries({
    ...TEXT_FUNCTIONS,
    ...PATTERN_FUNCTIONS,
    ...ENCODING_FUNCTIONS,
    ...CONVERSION_FUNCTIONS,
    ...CONDITION_FUNCTIONS,
    ...TIME_FUNCTIONS,
    ...CALENDAR_FUNCTIONS,
    ...MATH_FUNCTIONS,
    ...ARRAY_FUNCTIONS,
    ...BAG_FUNCTIONS,
    ...HASH_FUNCTIONS,
    ...IP_FUNCTIONS,
  }),
);
