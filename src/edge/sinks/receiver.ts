/** One HTTP exchange with a receiver of segments: bounded in time and size, never redirected, and silent about secrets. */
import { failureOf } from "./outcome.ts";
import { SinkFailure } from "./sink.ts";

/** From the first byte sent to the last byte of the answer. */
export const SINK_TIMEOUT_MS = 60_000;
/** Bytes of an answer that are read; what follows is cut off. */
export const REPLY_BYTES_MAX = 16_384;
const EXCERPT_LENGTH_MAX = 300;
/** Shorter pieces of a secret, such as `Bearer`, stand in texts that have nothing to do with it. */
const SECRET_PIECE_LENGTH_MIN = 8;
/** Parts of a URL that may be a webhook's credential, which a page for 404 likes to repeat. */
const URL_SECRET_LENGTH_MIN = 16;

export interface Reply {
  status: number;
  headers: Headers;
  /** Cut off at its limit. */
  text: string;
}

export interface Receiver {
  /**
   * @returns the answer, whatever its status.
   * @throws SinkFailure that may be tried again: no whole answer came in time, and whether the request had its effect is unknown.
   */
  send(url: URL, init: RequestInit, replyBytesMax?: number): Promise<Reply>;
  /** The failure that an answer stands for. */
  failure(reply: Reply): SinkFailure;
  /** What a message may quote of the receiver's words: one line, short, and no secret that the receiver gave back. */
  quote(text: string): string;
}

export function openReceiver(fetch: typeof globalThis.fetch, url: string, secrets: Record<string, string>): Receiver {
  const { host } = new URL(url);
  const hidden = [...piecesOf(Object.values(secrets)), ...credentialsIn(url)];
  const quote = (text: string) => {
    const clean = hidden.reduce((rest, piece) => rest.replaceAll(piece, "[secret]"), text);
    return clean
      .replace(/[\s\p{Cc}]+/gu, " ")
      .trim()
      .slice(0, EXCERPT_LENGTH_MAX);
  };
  return {
    quote,
    async send(url, init, replyBytesMax = REPLY_BYTES_MAX) {
      try {
        const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(SINK_TIMEOUT_MS) });
        return { status: response.status, headers: response.headers, text: await readText(response, replyBytesMax) };
      } catch (error) {
        const late = error instanceof Error && error.name === "TimeoutError";
        throw new SinkFailure(
          late ? `${host} gave no answer within ${SINK_TIMEOUT_MS} ms` : `${host} gave no answer: ${quote(reasonOf(error))}`,
        );
      }
    },
    failure({ status, headers, text }) {
      const said = quote(text);
      return failureOf(status, headers, `${host} answered ${status}${said && `: ${said}`}`);
    },
  };
}

/** The address below a sink's URL. Parts are encoded, so that none can leave its place. */
export function below(url: string, ...parts: string[]): URL {
  const base = new URL(url);
  const path = parts.map(encodeURIComponent).join("/");
  base.pathname = `${base.pathname.replace(/\/+$/, "")}/${path}`;
  return base;
}

async function readText(response: Response, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let room = bytesMax;
  if (!response.body) return text;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, room), { stream: true });
    room -= value.length;
    if (room < 0) {
      await reader.cancel();
      return text;
    }
  }
}

/**
 * The secrets and their longer words, longest first: a receiver may give `Bearer x` back as `x`, `Basic …` as the user and password in
 * it, and each of them as it stands in JSON or a URL.
 */
function piecesOf(secrets: string[]): string[] {
  const words = secrets.flatMap((secret) => secret.split(" "));
  const basic = words
    .map((word) => Buffer.from(word, "base64").toString("latin1"))
    .filter((text) => /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(text));
  const pieces = [...words, ...basic, ...basic.flatMap((pair) => [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)])];
  const whole = [...secrets, ...pieces.filter(({ length }) => length >= SECRET_PIECE_LENGTH_MIN)];
  const forms = whole.flatMap((piece) => [piece, JSON.stringify(piece).slice(1, -1), encodeURIComponent(piece), encodeURI(piece)]);
  return [...new Set(forms)].filter(Boolean).sort((a, b) => b.length - a.length);
}

function credentialsIn(url: string): string[] {
  const { pathname, searchParams } = new URL(url);
  return [...pathname.split("/"), ...searchParams.values()].filter(({ length }) => length >= URL_SECRET_LENGTH_MIN);
}

/** Node's fetch says only "fetch failed" and keeps the reason one level down. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
