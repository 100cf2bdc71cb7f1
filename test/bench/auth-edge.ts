/** The edge with its door and its memory wrapped, for what the bench cannot bring about from outside. Nothing else of it is another. */
import path from "node:path";
import type { OtherSource } from "../../src/local/bundle.ts";

const EDGE = path.resolve(import.meta.dirname, "../../src/edge");
const WRAPPED = new Map([
  [path.join(EDGE, "enter.ts"), path.join(import.meta.dirname, "open-door.ts")],
  [path.join(EDGE, "documents/memory.ts"), path.join(import.meta.dirname, "short-memory.ts")],
]);

export const AUTH_EDGE: OtherSource = {
  entry: path.join(EDGE, "worker.ts"),
  plugins: [
    {
      name: "wrapped for the bench",
      setup({ onResolve }) {
        onResolve({ filter: /\/(enter|memory)\.ts$/ }, ({ importer, resolveDir, path: asked }) => {
          const wrapper = WRAPPED.get(path.resolve(resolveDir, asked));
          return wrapper && importer !== wrapper ? { path: wrapper } : undefined;
        });
      },
    },
  ],
};
