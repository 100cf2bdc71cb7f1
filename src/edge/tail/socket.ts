/**
 * A viewer by WebSocket (RFC 6455). The platform tells nobody how much of what was sent has left, so viewers say it themselves: of each
 * `{"ping": …}` they send back its text as it came. What cannot be guessed cannot be answered by who does not read.
 */
import type { Viewer } from "./viewer.ts";
import type { Frame } from "./watch.ts";

/** Characters of events after which a viewer is asked whether they have come, and which may follow before that is answered. */
const ASKED_AFTER = 65_536;
export const UNANSWERED_MAX = 262_144;
/** A viewer who answers nothing for so many beats is gone. */
const SILENT_BEATS_MAX = 4;
/** Close codes of applications begin here; the last three digits are the status that a request would get. */
const CLOSE_STATUS = 4_000;
/** "Service restart": come again. */
const CLOSE_AGAIN = 1_012;
const REASON_BYTES_MAX = 123;

export function socketViewer(): Viewer {
  const over = new AbortController();
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.accept();
  let dropped = 0;
  /** The question that is not answered yet, what has been sent since it was asked, and since the last one. */
  let asked: string | null = null;
  let sinceAsked = 0;
  let silent = 0;

  ours.addEventListener("message", ({ data }) => {
    if (asked === null || data !== asked) return;
    asked = null;
    silent = 0;
    tell();
  });
  for (const ending of ["close", "error"] as const) ours.addEventListener(ending, () => over.abort());

  function send(text: string): void {
    if (!over.signal.aborted) ours.send(text);
  }

  function ask(): void {
    asked = `{"ping":"${Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString("base64url")}"}`;
    sinceAsked = 0;
    send(asked);
  }

  const hasRoom = () => asked === null || sinceAsked < UNANSWERED_MAX;

  function tell(): void {
    if (dropped === 0 || !hasRoom()) return;
    send(`{"dropped":${dropped}}`);
    dropped = 0;
  }

  return {
    response: new Response(null, { status: 101, webSocket: theirs }),
    over: over.signal,
    show({ rows, text }: Frame) {
      if (text === "" || !hasRoom()) dropped += rows;
      tell();
      if (text === "" || !hasRoom()) return;
      send(text);
      sinceAsked += text.length;
      if (asked === null && sinceAsked >= ASKED_AFTER) ask();
    },
    beat() {
      if (asked === null) return ask();
      if (++silent < SILENT_BEATS_MAX) return;
      over.abort();
      ours.close(CLOSE_AGAIN, "no ping was answered: send back the text of each");
    },
    end(problem) {
      if (over.signal.aborted) return;
      over.abort();
      if (problem) ours.close(CLOSE_STATUS + problem.status, problem.reason.slice(0, REASON_BYTES_MAX));
      else ours.close(CLOSE_AGAIN, "come again");
    },
  };
}
