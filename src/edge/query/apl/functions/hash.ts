/** Digests in hexadecimal. They tell values apart; that they keep them secret is not promised: who can guess a value can check it. */
import { createHash } from "node:crypto";
import { define, type ScalarFunction } from "./define.ts";

function hashing(algorithm: string): ScalarFunction {
  return define(`The ${algorithm} digest of a value as it is printed.`, ["printed"], "string", (text) =>
    createHash(algorithm).update(text).digest("hex"),
  );
}

export const HASH_FUNCTIONS: Record<string, ScalarFunction> = {
  hash_md5: hashing("md5"),
  hash_sha1: hashing("sha1"),
  hash_sha256: hashing("sha256"),
  hash_sha512: hashing("sha512"),
};
