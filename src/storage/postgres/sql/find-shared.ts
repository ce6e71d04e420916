/** One value: of tenant $1, scope $2, workflow $3, name $4. */
export const FIND_SHARED = `
SELECT scope, workflow, name, revision, value, changed_at_ms AS "changedAtMs",
  changed_by AS "changedBy"
FROM shared_state WHERE tenant = $1 AND scope = $2 AND workflow = $3 AND name = $4`;
