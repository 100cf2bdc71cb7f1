/** What the owner of a dataset has said of its fields: which stay whole, and which are computed; and who answers its queries. Asked for each query, so that a change counts at once. */
import { type DatasetSettings, OWN_FIELDS, type VirtualField } from "../../access/dataset-settings.ts";
import type { UpstreamSettings } from "../../access/upstream-settings.ts";
import type { Destination } from "../buffer/segment.ts";
import { within } from "../within.ts";
import { openColumns } from "./apl/columns.ts";
import { compile } from "./apl/compile.ts";
import { QueryFault } from "./apl/fault.ts";
import { parseExpression } from "./apl/parse.ts";
import type { Expression } from "./apl/syntax.ts";
import type { Message } from "./reply/result.ts";
import type { MapFields } from "./source/fields.ts";

const WAIT_MAX_MS = 2_000;
/** Datasets whose fields an isolate remembers, for the time that management is away. */
const REMEMBERED_MAX = 1_000;

type Said = Pick<DatasetSettings, "mapFields" | "formerMapFields" | "virtualFields" | "query">;

export interface SettingsAuthority {
  lookUpSettings(datasetId: string): Promise<DatasetSettings | null>;
}

/** By dataset's name. */
export interface DatasetFields {
  readonly mapFields: ReadonlyMap<string, MapFields>;
  readonly virtualFields: ReadonlyMap<string, ReadonlyMap<string, Expression>>;
  /** The servers that answer queries in place of our own engine. Secrets are sealed. */
  readonly upstreams: ReadonlyMap<string, UpstreamSettings>;
  readonly messages: readonly Message[];
}

/** By id, the oldest first. */
const remembered = new Map<string, Said>();

/** Never throws: while management is away, what was known last counts. */
export async function fieldsOf(destinations: Readonly<Record<string, Destination>>, authority: SettingsAuthority): Promise<DatasetFields> {
  const messages: Message[] = [];
  const mapFields = new Map<string, MapFields>();
  const virtualFields = new Map<string, ReadonlyMap<string, Expression>>();
  const upstreams = new Map<string, UpstreamSettings>();
  const ask = async ([name, { datasetId }]: [string, Destination]) => {
    const said = (await askedOf(datasetId, authority)) ?? remembered.get(datasetId) ?? null;
    if (said === null) messages.push(unknown(name));
    if (said?.query) upstreams.set(name, said.query);
    mapFields.set(name, mapFieldsOf(said));
    virtualFields.set(name, readable(said?.virtualFields ?? [], messages));
  };
  await Promise.all(Object.entries(destinations).map(ask));
  return { mapFields, virtualFields, upstreams, messages };
}

/** Null: it does not answer. */
async function askedOf(datasetId: string, authority: SettingsAuthority): Promise<Said | null> {
  try {
    const settings = await within(WAIT_MAX_MS, authority.lookUpSettings(datasetId));
    // what this deployment's management does not know yet, of a version before this one, is nothing
    const { mapFields = [], formerMapFields = [], virtualFields = [], query = null } = settings ?? {};
    const said = { mapFields, formerMapFields, virtualFields, query };
    remembered.delete(datasetId);
    remembered.set(datasetId, said);
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
    return said;
  } catch (error) {
    console.warn("fields of a dataset unknown", datasetId, String(error));
    return null;
  }
}

function mapFieldsOf(said: Said | null): MapFields {
  if (said === null) return new Map();
  const past = said.formerMapFields.map(({ name, until }) => [name, until * 1_000] as const);
  return new Map([...past, ...said.mapFields.map((name) => [name, Number.POSITIVE_INFINITY] as const)]);
}

/** Those that can be computed. Nobody looked at them when they were made, and one that is broken must not end every query. */
function readable(fields: readonly VirtualField[], messages: Message[]): ReadonlyMap<string, Expression> {
  const found = new Map<string, Expression>();
  const drop = (name: string, fault: unknown) => {
    if (!(fault instanceof QueryFault)) throw fault;
    messages.push({
      priority: "warn",
      code: "virtual_field_finalize_error",
      text: `the virtual field ${name} is left out: ${fault.message}`,
    });
    found.delete(name);
  };
  for (const { name, expression } of fields) {
    try {
      if (OWN_FIELDS.includes(name)) throw new QueryFault(0, "each event has a field of that name of its own");
      found.set(name, parseExpression(expression));
    } catch (fault) {
      drop(name, fault);
    }
  }
  for (const name of [...found.keys()]) {
    try {
      const scope = { columns: openColumns(), open: true, lets: new Map<string, Expression>(), virtual: found, now: 0 };
      compile({ kind: "column", name, at: 0 }, scope);
    } catch (fault) {
      drop(name, fault);
    }
  }
  return found;
}

function unknown(name: string): Message {
  const text = `whether dataset ${name} has map fields, virtual fields or another server for its queries is not known right now; the answer is without them`;
  return { priority: "warn", code: "apl_fieldsunknown_1", text };
}
