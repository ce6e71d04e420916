/** Holds the runs ($1 tenants, $2 run ids) that are there, in the order of their keys, for a group of several waves. */
import { isRun } from "../run-key-sql.ts";

export const LOCK_RUNS = `
SELECT count(*) AS held FROM (
  SELECT 1 FROM unnest($1::text[], $2::text[]) AS g (tenant, run_id)
  JOIN runs AS r ON ${isRun("r")}
  ORDER BY r.tenant, r.run_id
  FOR NO KEY UPDATE OF r) AS held`;
