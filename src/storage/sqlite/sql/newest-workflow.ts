/** Without the definition. ?1 tenant, ?2 name. */
export const NEWEST_WORKFLOW = `
SELECT w.name, w.version, w.hash, w.created_at_ms AS createdAtMs
FROM workflow_names AS n CROSS JOIN workflows AS w
  ON w.tenant = n.tenant AND w.name = n.name AND w.version = n.newest
WHERE n.tenant = ?1 AND n.name = ?2`;
