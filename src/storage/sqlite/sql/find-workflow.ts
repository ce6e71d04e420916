/** Version ?3, the newest where it is null. */
export const FIND_WORKFLOW = `
SELECT name, version, hash, created_at_ms AS createdAtMs, CAST(definition AS TEXT) AS definition
FROM workflows
WHERE tenant = ?1 AND name = ?2 AND version = coalesce(
  ?3, (SELECT newest FROM workflow_names WHERE tenant = ?1 AND name = ?2))`;
