/** What of a portion goes to those who share a channel: as much as their rates let through, and the number of the rest. */
import type { Form, Frame } from "../../tail/watch.ts";
import type { Channel } from "./channel.ts";
import type { Lines } from "./lines.ts";
import { openRate, type Rate } from "./rate.ts";

/** What one viewer is sent at most. */
export const EVENTS_PER_SECOND_MAX = 1_000;
export const BYTES_PER_SECOND_MAX = 1_000_000;
/** Bytes of lines that all channels of a dataset look at, all in all: what keeps the buffers' neighbour from taking their time. */
export const EXAMINED_BYTES_PER_SECOND_MAX = 16_000_000;

export interface Rates {
  events: Rate;
  bytes: Rate;
}

export function openRates(now: number): Rates {
  return { events: openRate(EVENTS_PER_SECOND_MAX, now), bytes: openRate(BYTES_PER_SECOND_MAX, now) };
}

/** @param dropped events that never came here. @returns at most one frame of events, and one of what was left out. */
export function framesOf(
  portion: readonly Lines[],
  dropped: number,
  { channel, rates, form }: { channel: Channel; rates: Rates; form: Form },
  examined: Rate,
  now: number,
): Frame[] {
  const texts: string[] = [];
  let left = dropped;
  for (const lines of portion) {
    if (!examined.take(lines.window.bytes.length, now)) {
      left += lines.starts.length;
      continue;
    }
    left += channel.read(lines, (id, json) => {
      const text = form === "sse" ? `id: ${id}\ndata: ${json}\n\n` : json;
      if (rates.events.take(1, now) && rates.bytes.take(text.length, now)) texts.push(text);
      else left++;
    });
  }
  const text = form === "sse" ? texts.join("") : `{"events":[${texts.join(",")}]}`;
  return [...(texts.length > 0 ? [{ rows: texts.length, text }] : []), ...(left > 0 ? [{ rows: left, text: "" }] : [])];
}
