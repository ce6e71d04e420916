/**
 * What the list-runs-* statements share. $1 tenant, the place before which rows are wanted ($2 instant,
 * $3 number), $4 the instant after which, $5 the limit, and the filter by everything that does not
 * lead: $6 statuses, $7 workflow, $8 parent, $9 and $10 names and values of labels.
 */
import { RUN_COLUMNS } from "./run-row.ts";

export const SELECT_RUNS = `SELECT ${RUN_COLUMNS}`;

export const RUN_LIST_PLACE = `(r.created_at_ms, r.number) < ($2::bigint, $3::bigint)
  AND r.created_at_ms > $4::bigint`;

export const RUN_LIST_FILTER = `r.status = ANY ($6::smallint[])
  AND ($7::text IS NULL OR r.workflow = $7)
  AND ($8::text IS NULL OR r.parent_run_id = $8)
  AND NOT EXISTS (
    SELECT 1 FROM unnest($9::text[], $10::text[]) AS wanted (name, value)
    WHERE NOT EXISTS (
      SELECT 1 FROM labels AS l
      WHERE l.tenant = $1 AND l.name = wanted.name AND l.value = wanted.value
        AND l.created_at_ms = r.created_at_ms AND l.run = r.number))`;

/** Newest first within each status, of which one list is made: each is one range of an index. */
export function byStatus(leading: string): string {
  return `
SELECT found.* FROM unnest($6::smallint[]) AS wanted (status), LATERAL (
  ${SELECT_RUNS} FROM runs AS r
  WHERE r.tenant = $1 AND ${leading}r.status = wanted.status AND ${RUN_LIST_PLACE} AND ${RUN_LIST_FILTER}
  ORDER BY r.created_at_ms DESC, r.number DESC LIMIT $5) AS found
ORDER BY "createdAtMs" DESC, number DESC LIMIT $5`;
}
