import { Problem } from "../../problem.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** The delimiter of a `csv-delimiter` parameter, a comma when there is none. @throws Problem `parameter-invalid` */
export function readDelimiter(parameter: string | null): number {
  if (parameter === null) return COMMA;
  if (parameter === "\\t") return TAB;
  const code = parameter.charCodeAt(0);
  if (parameter.length === 1 && code < 0x80 && code !== QUOTE && code !== CR && code !== LF) return code;
  throw new Problem("parameter-invalid", "csv-delimiter must be one ASCII character other than a quote or line end, or \\t for a tab");
}
