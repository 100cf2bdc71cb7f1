/** Stands around src/edge/enter.ts in AUTH_EDGE. */
import { enter as ask } from "../../src/edge/enter.ts";
import { OPEN_WORD } from "./auth-marks.ts";

/** Whoever was asked last. */
let last: Awaited<ReturnType<typeof ask>> | undefined;

export const enter: typeof ask = async (credential, body, entry, env) => {
  if (last && credential() === OPEN_WORD) return last;
  last = await ask(credential, body, entry, env);
  return last;
};
