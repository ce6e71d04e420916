/**
 * A new version, unless the newest one has this hash: then no row. The name's row is the lock, so
 * that hosts that save at once leave no gap. $1 tenant, $2 name, $3 hash, $4 now, $5 definition.
 */
export const SAVE_WORKFLOW = `
WITH named AS (
  INSERT INTO workflow_names AS n (tenant, name, newest, hash) VALUES ($1, $2, 1, $3)
  ON CONFLICT (tenant, name) DO UPDATE SET newest = n.newest + 1, hash = excluded.hash
  WHERE n.hash <> excluded.hash
  RETURNING n.newest)
INSERT INTO workflows (tenant, name, version, hash, created_at_ms, definition)
SELECT $1, $2, newest, $3, $4, $5 FROM named
RETURNING version`;
