/** Version $3, the newest where it is null. $1 tenant, $2 name. */
export const FIND_WORKFLOW = `
SELECT name, version, hash, created_at_ms AS "createdAtMs", definition
FROM workflows
WHERE tenant = $1 AND name = $2 AND version = coalesce(
  $3::bigint, (SELECT newest FROM workflow_names WHERE tenant = $1 AND name = $2))`;
