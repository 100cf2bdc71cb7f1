/** All operators by name. */
import type { Flow, Outlook, Planning, PlanOperator } from "../plan/flow.ts";
import type { Operator } from "../syntax.ts";
import { count } from "./count.ts";
import { distinct } from "./distinct.ts";
import { extend } from "./extend.ts";
import { getschema } from "./getschema.ts";
import { join } from "./join.ts";
import { makeSeries } from "./make-series.ts";
import { mvExpand } from "./mv-expand.ts";
import { parse } from "./parse.ts";
import { project } from "./project.ts";
import { projectAway, projectKeep, projectRename, projectReorder } from "./project-names.ts";
import { sample } from "./sample.ts";
import { search } from "./search.ts";
import { sort, top } from "./sort.ts";
import { summarize } from "./summarize.ts";
import { take } from "./take.ts";
import { union } from "./union.ts";
import { where } from "./where.ts";

const PLANNERS: { readonly [K in Operator["kind"]]: PlanOperator<K> } = {
  ...{ where, extend, project, summarize, sort, top, take, sample, count, getschema, distinct, parse, search, join, union },
  "project-away": projectAway,
  "project-keep": projectKeep,
  "project-rename": projectRename,
  "project-reorder": projectReorder,
  "mv-expand": mvExpand,
  "make-series": makeSeries,
};

/** @throws QueryFault */
export function planOperator(flow: Flow, operator: Operator, planning: Planning, outlook: Outlook): void {
  // each of them takes the operators of its own name
  (PLANNERS[operator.kind] as PlanOperator<Operator["kind"]>)(flow, operator, planning, outlook);
}
