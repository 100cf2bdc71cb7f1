/** A Worker that only takes a body: what no gateway in this runtime can be cheaper than. */

// Reading whole is cheapest for small bodies, a buffer of one's own for large ones. This function is sent to workerd as text.
async function drain(request: Request): Promise<Response> {
  if (Number(request.headers.get("content-length")) <= 262_144) await request.bytes();
  else {
    const reader = (request.body as ReadableStream<Uint8Array>).getReader({ mode: "byob" });
    let buffer = new Uint8Array(65_536);
    for (;;) {
      const { done, value } = await reader.readAtLeast(65_536, buffer);
      if (done || !value) break;
      buffer = new Uint8Array(value.buffer as ArrayBuffer);
    }
  }
  return new Response("drained");
}

export const FLOOR_WORKER = {
  name: "floor",
  compatibilityDate: "2026-10-20",
  modules: [{ type: "ESModule" as const, path: "floor.js", contents: `export default { fetch: ${drain} };` }],
};
