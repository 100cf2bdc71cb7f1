/** A viewer by server-sent events (the section of that name in the HTML standard), as `EventSource` and `curl -N` read them. */
import type { Viewer } from "./viewer.ts";
import type { Frame } from "./watch.ts";

/** Bytes that wait for a viewer; what comes while there are more is dropped. */
export const WAITING_BYTES_MAX = 262_144;
/** After how long a client that lost its connection is to come again. */
const RETRY_MS = 2_000;
const HEADERS = { "content-type": "text/event-stream", "x-accel-buffering": "no" };

export function streamViewer(): Viewer {
  const over = new AbortController();
  const encoder = new TextEncoder();
  let dropped = 0;
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null;

  const write = (text: string) => stream?.enqueue(encoder.encode(text));
  const hasRoom = () => (stream?.desiredSize ?? 0) > 0;

  function tell(): void {
    if (dropped === 0 || !hasRoom()) return;
    const told = dropped;
    dropped = 0; // first, since a reader that waits pulls while this is written
    write(`event: dropped\ndata: {"dropped":${told}}\n\n`);
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stream = controller;
        // the head of an answer leaves with the first of its body
        write(`retry: ${RETRY_MS}\n\n`);
      },
      pull: tell,
      cancel: () => over.abort(),
    },
    { highWaterMark: WAITING_BYTES_MAX, size: (chunk) => chunk?.length ?? 0 },
  );

  return {
    response: new Response(body, { headers: HEADERS }),
    over: over.signal,
    show({ rows, text }: Frame) {
      if (text === "" || !hasRoom()) dropped += rows;
      tell();
      if (text !== "" && hasRoom()) write(text);
    },
    beat() {
      tell();
      if (hasRoom()) write(":\n\n");
    },
    end(problem) {
      if (over.signal.aborted) return;
      over.abort();
      if (problem)
        write(`event: end\ndata: ${JSON.stringify({ status: problem.status, reason: problem.reason, message: problem.message })}\n\n`);
      stream?.close();
    },
  };
}
