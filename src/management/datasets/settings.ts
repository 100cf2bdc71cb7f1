/**
 * `/v2/datasets/{id}/settings`, Headgate's own: how a dataset's events are taken and where they are brought to. Apart from the
 * dataset itself, because axiom-go refuses members there that it does not know.
 */
import * as v from "valibot";
import { DEDUPE_MODES } from "../../access/dataset-settings.ts";
import { Problem } from "../../problem.ts";
import { type Caller, requireOn } from "../caller.ts";
import { type Change, changeOf } from "../change.ts";
import { settingsOf } from "../env.ts";
import { publishing } from "../publish.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { tellSettings } from "./life.ts";
import * as store from "./settings-store.ts";
import { auditedSink, mergeSinks, Sinks, viewSink } from "./sinks.ts";
import type { Dataset } from "./store.ts";

const QUARANTINE_BYTES_MAX = 10_000_000_000;

const Update = v.strictObject({
  dedupe: v.nullish(v.picklist(DEDUPE_MODES, `must be one of ${DEDUPE_MODES.join(", ")}`)),
  quarantine: v.nullish(
    v.strictObject({
      enabled: v.nullish(v.boolean()),
      bytesPerDayMax: v.nullish(
        v.pipe(
          v.number(),
          v.integer("must be a whole number"),
          v.minValue(1, "must be at least 1; to keep nothing, set enabled to false"),
          v.maxValue(QUARANTINE_BYTES_MAX, `must be at most ${QUARANTINE_BYTES_MAX}`),
        ),
      ),
    }),
  ),
  sinks: v.nullish(Sinks),
});
type Update = v.InferOutput<typeof Update>;

const PLACE = { path: "/v2/datasets/:dataset/settings", as: "dataset", by: ANY_CREDENTIAL, on: "see" } as const;

export const settings: Route[] = [
  {
    ...PLACE,
    method: "GET",
    needs: "datasets:read",
    run: async (c, caller, dataset) => c.json(view(await store.getSettings(c.env.DB, dataset), caller)),
  },
  { ...PLACE, method: "PUT", needs: "datasets:update", run: put },
];

async function put(c: Request, caller: Caller, dataset: Dataset): Promise<Response> {
  const update = await readBody(c, Update);
  // a sink hands every event on, so only who may read them may say where to, and where to no more
  if (update.sinks) requireOn(caller, "query:read", dataset);
  return c.json(view(await change(c, caller, dataset, update), caller));
}

async function change(c: Request, caller: Caller, dataset: Dataset, update: Update): Promise<store.KeptSettings> {
  const before = await store.getSettings(c.env.DB, dataset);
  const { dedupe, quarantine, sinks } = update;
  for (const { name, url } of sinks ?? []) requireElsewhere(c, name, url);
  const after: store.KeptSettings = {
    ...before,
    dedupe: dedupe ?? before.dedupe,
    quarantine: {
      enabled: quarantine?.enabled ?? before.quarantine.enabled,
      bytesPerDayMax: quarantine?.bytesPerDayMax ?? before.quarantine.bytesPerDayMax,
    },
    ...(sinks ? mergeSinks(dataset.id, before, sinks, settingsOf(c.env).sealKeys) : {}),
  };
  const entry = entryOf(c, caller, dataset, update, after);
  const publish = store.differsAtEdges(before, after);
  const commit = () => store.updateSettings(c.env.DB, dataset, after, publish, entry);
  if (!(await (publish ? publishing(c, caller.org, commit) : commit())))
    throw new Problem("conflict", `dataset ${dataset.name} was changed or deleted at the same moment; get its settings and decide anew`);
  if (sinks) tellSettings(c, dataset);
  return after;
}

/** A sink that leads back here would bring every event in again, and each of those again. */
function requireElsewhere(c: Request, name: string, url: string): void {
  const { publicUrl, regions } = settingsOf(c.env);
  const own = [publicUrl, ...[...regions.values()].map((region) => region.url)].map((one) => new URL(one).host);
  if (URL.canParse(url) && own.includes(new URL(url).host))
    throw new Problem(
      "body-invalid",
      `the sink ${name} leads back to this deployment, which would take its events in without end; name another server`,
    );
}

function entryOf(
  c: Request,
  caller: Caller,
  { id, name }: Dataset,
  update: Update,
  { dedupe, quarantine, sinks }: store.KeptSettings,
): Change {
  const members = Object.entries(update).flatMap(([member, value]) => (value == null ? [] : [member]));
  return changeOf(c, caller, "dataset.settings", name, { id, members, dedupe, quarantine, sinks: sinks.map(auditedSink) });
}

function view({ dedupe, quarantine, sinks }: store.KeptSettings, { grant }: Caller) {
  const mayChange = grant.org.includes("datasets:update");
  return { dedupe, quarantine, sinks: sinks.map((sink) => viewSink(sink, mayChange)) };
}
