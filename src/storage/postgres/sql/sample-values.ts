/** How long large values are on average, as stored, in some pages of each table; null: it has none there. $1 per cent. */
export const SAMPLE_VALUES = `
SELECT 'turns' AS "table", avg(pg_column_size(events))::float8 AS bytes
  FROM turns TABLESAMPLE SYSTEM ($1::float4)
UNION ALL SELECT 'checkpoints', avg(pg_column_size(state)) FROM checkpoints TABLESAMPLE SYSTEM ($1)
UNION ALL SELECT 'blobs', avg(pg_column_size(body)) FROM blobs TABLESAMPLE SYSTEM ($1)
UNION ALL SELECT 'memos', avg(pg_column_size(output)) FROM memos TABLESAMPLE SYSTEM ($1)
UNION ALL SELECT 'step_logs', avg(pg_column_size(text) + coalesce(pg_column_size(fields), 0))
  FROM step_logs TABLESAMPLE SYSTEM ($1)
UNION ALL SELECT 'workflows', avg(pg_column_size(definition)) FROM workflows TABLESAMPLE SYSTEM ($1)
UNION ALL SELECT 'shared_state', avg(pg_column_size(value)) FROM shared_state TABLESAMPLE SYSTEM ($1)`;
