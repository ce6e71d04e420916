/**
 * How statements find a run by its tenant and id. Plans are kept, and one that was made while a table
 * was small, before it was analysed, may take any index that begins with the tenant, and read all its
 * runs ever after. `tenant || ''` fits no index, so that runs_by_id (run_id, tenant) is the only one.
 */

/** Whether a row of `runs` is the run of a row of `g`, or of these expressions. */
export function isRun(row: string, tenant = "g.tenant", runId = "g.run_id"): string {
  return `${row}.run_id = ${runId} AND ${row}.tenant || '' = ${tenant}`;
}

/** An expression: `runs.number` of run $2 of tenant $1, NULL where there is none. */
export const RUN_NUMBER =
  "(SELECT number FROM runs WHERE run_id = $2 AND tenant || '' = $1 AND status < 7)";
