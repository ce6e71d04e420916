/**
 * Finds ended runs that may go. Each workflow and status is one range of an index, read from its
 * oldest end, so that runs which are kept longer cost nothing. Fresh ones (run-lists.ts) are not
 * found: whoever asks has them listed before.
 */
import type { RetentionRule } from "#ports/upkeep.ts";
import { statusNumber } from "../run-statuses.ts";
import type { Connection } from "./connection.ts";
import type { RunRow } from "./run-row.ts";
import { ENDED_RUNS } from "./sql/ended-runs.ts";
import { OLDEST_ENDED_RUNS } from "./sql/oldest-ended-runs.ts";
import { WORKFLOW_NAMES } from "./sql/workflow-names.ts";

const NAMES_PER_READ = 500;
const ENDED = ["succeeded", "failed", "cancelled"] as const;

interface Page {
  readonly limit: number;
  /** So many that come first are left out. */
  readonly skip: number;
}

export function dueRuns(
  reader: Connection,
  rules: readonly RetentionRule[],
  { limit, skip }: Page,
): readonly RunRow[] {
  const due: RunRow[] = [];
  const end = skip + limit;
  for (const { tenant, name } of workflowNames(reader)) {
    const own = rules.filter(({ workflow }) => workflow === name);
    for (const status of ENDED) {
      const rule =
        own.find((one) => one.status === status) ??
        rules.find((one) => one.workflow === null && one.status === status);
      if (rule === undefined) continue;
      const { endedBeforeMs } = rule;
      due.push(
        ...reader.allNamed<RunRow>(ENDED_RUNS, {
          ...{ tenant, endedBeforeMs, workflow: name },
          ...{ status: statusNumber(status), limit: end - due.length },
        }),
      );
      if (due.length >= end) return due.slice(skip);
    }
  }
  return due.slice(skip);
}

export function oldestRuns(reader: Connection, { limit, skip }: Page): readonly RunRow[] {
  const end = skip + limit;
  const tenants = new Set([...workflowNames(reader)].map(({ tenant }) => tenant));
  const found = [...tenants].flatMap((tenant) =>
    ENDED.flatMap((status) =>
      reader.allNamed<RunRow>(OLDEST_ENDED_RUNS, {
        ...{ tenant, limit: end, status: statusNumber(status) },
      }),
    ),
  );
  return found.sort((a, b) => a.created_at_ms - b.created_at_ms).slice(skip, end);
}

function* workflowNames(reader: Connection) {
  let last = { tenant: "", name: "" };
  for (;;) {
    const page = reader.all<typeof last>(WORKFLOW_NAMES, last.tenant, last.name, NAMES_PER_READ);
    yield* page;
    const end = page.at(-1);
    if (end === undefined || page.length < NAMES_PER_READ) return;
    last = end;
  }
}
