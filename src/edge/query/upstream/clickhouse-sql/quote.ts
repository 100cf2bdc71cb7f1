/** Texts and names between quotes, with ClickHouse's escapes. Nothing of a query reaches its SQL but through here, and as numbers. */

const ESCAPES: Record<string, string> = { "\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A text between apostrophes. */
export function quotedText(text: string): string {
  return `'${escaped(text, /[\\'\0\n\r\t]/g)}'`;
}

/** An identifier between backticks. */
export function quotedName(name: string): string {
  return `\`${escaped(name, /[\\`\0\n\r\t]/g)}\``;
}

function escaped(text: string, special: RegExp): string {
  return text.replace(special, (character) => ESCAPES[character] ?? `\\${character}`);
}
