/** Builds a Worker from sources with one fault put in. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Plugin } from "esbuild";
import { ROOT } from "../../src/local/bundle.ts";

export interface Edit {
  /** Relative to the repository. */
  file: string;
  /** Stands there exactly once; a blank stands for any white space. */
  find: string;
  replace: string;
}

export interface Mutation {
  name: string;
  edits: Edit[];
}

/**
 * The text of `file` with its edits made.
 * @throws Error when a text to find is not there exactly once: the list of mutations then describes code that is no more.
 */
export function mutated(file: string, { name, edits }: Mutation): string {
  let text = readFileSync(path.join(ROOT, file), "utf8");
  for (const { find, replace } of edits.filter((edit) => edit.file === file)) {
    const pieces = text.split(anyLayout(find));
    if (pieces.length !== 2)
      throw new Error(`mutation "${name}": ${JSON.stringify(find)} stands ${pieces.length - 1} times in ${file}, not once`);
    text = pieces.join(replace);
  }
  return text;
}

/** Finds a text however its lines are broken and indented. */
function anyLayout(text: string): RegExp {
  const words = text.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(words.join("\\s+"));
}

/** One plugin for all the Workers that make up a region, and which files none of them has used. */
export function mutating(mutation: Mutation): { plugin: Plugin; unused: ReadonlySet<string> } {
  const unused = new Set(mutation.edits.map(({ file }) => file));
  const plugin: Plugin = {
    name: "mutation",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, (found) => {
        const file = path.relative(ROOT, found.path);
        if (!mutation.edits.some((edit) => edit.file === file)) return undefined;
        unused.delete(file);
        return { contents: mutated(file, mutation), loader: "ts" };
      });
    },
  };
  return { plugin, unused };
}
