/** Open runs hold slots: tenants $1, run ids $2, the gate of each $3, and of no other. */
import { isRun } from "../run-key-sql.ts";

export const HOLD_RUN_SLOTS = `
INSERT INTO run_slots (tenant, run_id, gate)
SELECT DISTINCT ON (g.run_id, g.tenant) g.tenant, g.run_id, g.gate
FROM unnest($1::text[], $2::text[], $3::text[]) AS g (tenant, run_id, gate)
WHERE EXISTS (SELECT FROM runs AS r WHERE ${isRun("r")} AND r.status <= 3)
ORDER BY g.run_id, g.tenant
ON CONFLICT (run_id, tenant) DO UPDATE SET gate = excluded.gate WHERE run_slots.gate <> excluded.gate`;
