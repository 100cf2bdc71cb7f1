/** What of a portion goes to those who share a channel: as much as their rates let through, and the number of the rest. */
import type { Form, Frame } from "../../tail/watch.ts";
import type { Channel } from "./channel.ts";
import type { Lines } from "./lines.ts";
import { openRate, type Rate } from "./rate.ts";

/** What one viewer is sent at most. */
export const EVENTS_PER_SECOND_MAX = 1_000;
export const BYTES_PER_SECOND_MAX = 1_000_000;
/** Bytes of lines that all channels of a dataset look at, all in all: what keeps the buffers' neighbour from taking their time. */
export const EXAMINED_BYTES_PER_SECOND_MAX = 8_000_000;

export interface Rates {
  events: Rate;
  bytes: Rate;
}

export function openRates(now: number): Rates {
  return { events: openRate(EVENTS_PER_SECOND_MAX, now), bytes: openRate(BYTES_PER_SECOND_MAX, now) };
}

/** Characters of one frame: a viewer who is slow is sent whole frames or none of them. */
const FRAME_LENGTH_MAX = 32_768;

/** @param dropped events that never came here. @returns frames of events, and one of the number of those that were left out. */
export function framesOf(
  portion: readonly Lines[],
  dropped: number,
  { channel, rates, form }: { channel: Channel; rates: Rates; form: Form },
  examined: Rate,
  now: number,
): Frame[] {
  const frames: Frame[] = [];
  let texts: string[] = [];
  let length = 0;
  let left = dropped;

  function close(): void {
    if (texts.length > 0) frames.push({ rows: texts.length, text: form === "sse" ? texts.join("") : `{"events":[${texts.join(",")}]}` });
    [texts, length] = [[], 0];
  }

  function take(id: string, json: string): void {
    const text = form === "sse" ? `id: ${id}\ndata: ${json}\n\n` : json;
    if (!rates.events.take(1, now) || !rates.bytes.take(text.length, now)) {
      left++;
      return;
    }
    texts.push(text);
    length += text.length;
    if (length >= FRAME_LENGTH_MAX) close();
  }

  for (const lines of portion) {
    const isRead = examined.take(lines.window.bytes.length, now);
    const lost = isRead ? channel.read(lines, take) : lines.starts.length;
    left += lost;
  }
  close();
  if (left > 0) frames.push({ rows: left, text: "" });
  return frames;
}
