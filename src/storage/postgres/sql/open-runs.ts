/** Runs that have not ended, in order of creation, after run $2 of tenant $1 (null: from the first). */
import { RUN_COLUMNS } from "../run-row.ts";

export const OPEN_RUNS = `
SELECT ${RUN_COLUMNS} FROM runs AS r
WHERE r.status <= 3 AND r.number > coalesce(
  (SELECT number FROM runs WHERE run_id = $2::text AND tenant || '' = $1::text AND status < 7), 0)
ORDER BY r.number LIMIT $3`;
