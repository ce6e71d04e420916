/**
 * Writes shared values and counts what their owners keep, in one statement: `source` selects tenant,
 * scope, workflow, name, revision, at_ms, by and value (null: the name holds nothing from now on),
 * each name once, and the transaction has locked the names. Counters are split by opening (`writer`),
 * so that hosts do not wait for each other's; most changes touch none, because they change
 * neither number nor length.
 */
export function writeSharedSql(source: string, writer: string): string {
  return `
WITH made AS MATERIALIZED (${source}
), counted AS (
  INSERT INTO shared_usage AS u (tenant, scope, workflow, writer, names, bytes)
  SELECT made.tenant, made.scope, made.workflow, ${writer},
    sum((made.value IS NOT NULL)::int - (s.name IS NOT NULL)::int),
    sum(coalesce(octet_length(made.value), 0) - coalesce(octet_length(s.value), 0))
  FROM made LEFT JOIN shared_state AS s ON s.tenant = made.tenant AND s.scope = made.scope
    AND s.workflow = made.workflow AND s.name = made.name
  GROUP BY made.tenant, made.scope, made.workflow
  HAVING sum((made.value IS NOT NULL)::int - (s.name IS NOT NULL)::int) <> 0
    OR sum(coalesce(octet_length(made.value), 0) - coalesce(octet_length(s.value), 0)) <> 0
  ORDER BY made.tenant, made.scope, made.workflow
  ON CONFLICT (tenant, scope, workflow, writer) DO UPDATE
  SET names = u.names + excluded.names, bytes = u.bytes + excluded.bytes
), dropped AS (
  DELETE FROM shared_state AS s USING made
  WHERE made.value IS NULL AND s.tenant = made.tenant AND s.scope = made.scope
    AND s.workflow = made.workflow AND s.name = made.name
)
INSERT INTO shared_state
  (tenant, scope, workflow, name, revision, changed_at_ms, changed_by, value)
SELECT tenant, scope, workflow, name, revision, at_ms, by, value FROM made
WHERE value IS NOT NULL
ON CONFLICT (tenant, scope, workflow, name) DO UPDATE
SET revision = excluded.revision, changed_at_ms = excluded.changed_at_ms,
  changed_by = excluded.changed_by, value = excluded.value`;
}
