/** The newest version of each name after $2. $1 tenant, $3 how many. */
export const LIST_WORKFLOWS = `
SELECT w.name, w.version, w.hash, w.created_at_ms AS "createdAtMs"
FROM workflow_names AS n JOIN workflows AS w
  ON w.tenant = n.tenant AND w.name = n.name AND w.version = n.newest
WHERE n.tenant = $1 AND n.name > $2
ORDER BY n.name LIMIT $3`;
