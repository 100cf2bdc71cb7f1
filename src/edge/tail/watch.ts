/** What an edge asks of the object that shows a dataset's events live, and what comes back over the WebSocket between the two. */
import { Problem, type Reason } from "../../problem.ts";
import type { Destination } from "../buffer/segment.ts";
import { objectOf, type PlacementEnv } from "../placement.ts";
import type { Tail } from "../query/tail/tail.ts";

/** How events are written: as server-sent events, or as members of a JSON object. */
export type Form = "sse" | "json";

export interface Watch {
  destination: Destination;
  /** Into how many buffers the edge spreads the dataset. */
  shards: number;
  apl: string;
  form: Form;
}

export interface TailEnv extends PlacementEnv {
  TAIL: DurableObjectNamespace<Tail>;
}

export interface Frame {
  /** Events in it; where there is no text, how many were left out. */
  rows: number;
  /** In the form that was asked for, several events in one. */
  text: string;
}

/** What an object that refuses says instead of a WebSocket. */
export interface Refused {
  reason: Reason;
  detail: string;
  members: Record<string, unknown>;
}

const PARAMETER = "watch";

export function tailOf(env: TailEnv, { datasetId }: Destination): DurableObjectStub<Tail> {
  return objectOf(env.TAIL, datasetId, env);
}

/** @throws Problem as the object refuses, or `store-unavailable`. */
export async function openWatch(watch: Watch, env: TailEnv): Promise<WebSocket> {
  const address = `https://tail/?${new URLSearchParams({ [PARAMETER]: JSON.stringify(watch) })}`;
  let response: Response;
  try {
    response = await tailOf(env, watch.destination).fetch(address, { headers: { upgrade: "websocket" } });
    if (response.webSocket) return response.webSocket;
  } catch (error) {
    console.error("tail unreachable", watch.destination.datasetId, String(error));
    throw new Problem("store-unavailable", "the dataset cannot be watched right now; come again in a second");
  }
  const { reason, detail, members } = (await response.json()) as Refused;
  throw new Problem(reason, detail, members);
}

/** Where it arrives. Nobody but an edge can ask. */
export function readWatch(request: Request): Watch {
  return JSON.parse(new URL(request.url).searchParams.get(PARAMETER) ?? "");
}

export function writeFrame({ rows, text }: Frame): string {
  return `${rows}\n${text}`;
}

export function readFrame(message: string): Frame {
  const end = message.indexOf("\n");
  return { rows: Number(message.slice(0, end)), text: message.slice(end + 1) };
}
