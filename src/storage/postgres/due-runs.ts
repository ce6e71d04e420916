/**
 * Finds ended runs that may go. Each workflow and status is one range of an index, read from its
 * oldest end, so that runs which are kept longer cost nothing.
 */
import type { RetentionRule } from "#ports/upkeep.ts";
import { statusNumber } from "../run-statuses.ts";
import type { Sessions } from "./connection.ts";
import type { RunRow } from "./run-row.ts";
import { ENDED_RUNS } from "./sql/ended-runs.ts";
import { OLDEST_ENDED_RUNS } from "./sql/oldest-ended-runs.ts";
import { WORKFLOW_NAMES } from "./sql/workflow-names.ts";

const NAMES_PER_READ = 500;
/** Ranges that one statement reads. */
const PLACES_PER_READ = 60;
const ENDED = ["succeeded", "failed", "cancelled"] as const;
const LOOKING = "looking for ended runs";

export interface RunPage {
  readonly limit: number;
  /** So many that come first are left out. */
  readonly skip: number;
}

interface Place {
  readonly tenant: string;
  readonly workflow: string;
  readonly status: number;
  readonly endedBeforeMs: number;
}

export async function dueRuns(
  sessions: Sessions,
  rules: readonly RetentionRule[],
  { limit, skip }: RunPage,
): Promise<readonly RunRow[]> {
  const due: RunRow[] = [];
  const end = skip + limit;
  for await (const names of workflowNames(sessions)) {
    const places = names.flatMap((name) => placesOf(name, rules));
    for (let at = 0; at < places.length && due.length < end; at += PLACES_PER_READ) {
      const some = places.slice(at, at + PLACES_PER_READ);
      const found = await sessions.all<RunRow>(
        ...([LOOKING, ENDED_RUNS] as const),
        some.map(({ tenant }) => tenant),
        some.map(({ workflow }) => workflow),
        some.map(({ status }) => status),
        some.map(({ endedBeforeMs }) => endedBeforeMs),
        end - due.length,
      );
      due.push(...found);
    }
    if (due.length >= end) break;
  }
  return due.slice(skip, end);
}

export async function oldestRuns(
  sessions: Sessions,
  { limit, skip }: RunPage,
): Promise<readonly RunRow[]> {
  const tenants = new Set<string>();
  for await (const names of workflowNames(sessions))
    for (const { tenant } of names) tenants.add(tenant);
  const values = [[...tenants], skip + limit];
  const found = await sessions.all<RunRow>(LOOKING, OLDEST_ENDED_RUNS, ...values);
  return found.slice(skip);
}

/** Of one workflow; its own rule comes before the one of all others. */
function placesOf(
  { tenant, name }: { readonly tenant: string; readonly name: string },
  rules: readonly RetentionRule[],
): readonly Place[] {
  return ENDED.flatMap((status) => {
    const rule =
      rules.find((one) => one.workflow === name && one.status === status) ??
      rules.find((one) => one.workflow === null && one.status === status);
    if (rule === undefined) return [];
    const { endedBeforeMs } = rule;
    return [{ tenant, workflow: name, status: statusNumber(status), endedBeforeMs }];
  });
}

async function* workflowNames(sessions: Sessions) {
  let last = { tenant: "", name: "" };
  for (;;) {
    const values = [last.tenant, last.name, NAMES_PER_READ];
    const page = await sessions.all<typeof last>(LOOKING, WORKFLOW_NAMES, ...values);
    yield page;
    const end = page.at(-1);
    if (end === undefined || page.length < NAMES_PER_READ) return;
    last = end;
  }
}
