/** Stands around src/edge/documents/memory.ts in AUTH_EDGE. */
import { type Memory, openMemory as open } from "../../src/edge/documents/memory.ts";
import { FORGOTTEN_UNTIL } from "./auth-marks.ts";

export * from "../../src/edge/documents/memory.ts";

export function openMemory(): Memory {
  const memory = open();
  return {
    ...memory,
    hold(key, document, at) {
      if (!document || !("expiresAt" in document) || document.expiresAt !== FORGOTTEN_UNTIL) memory.hold(key, document, at);
    },
  };
}
