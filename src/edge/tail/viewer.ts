/** Somebody who watches, whatever they watch over. None of this waits for them: what they are slow to take is dropped and counted. */
import type { Problem } from "../../problem.ts";
import type { Frame } from "./watch.ts";

export interface Viewer {
  readonly response: Response;
  show(frame: Frame): void;
  /** Shows that the connection lives, and may find that it does not. */
  beat(): void;
  /** Null: they may come again at once. */
  end(problem: Problem | null): void;
  /** Aborted once the connection is over. */
  readonly over: AbortSignal;
}
