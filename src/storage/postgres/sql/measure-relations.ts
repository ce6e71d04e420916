/** Tables of the schema: rows as the server's statistics count them, bytes with and without indexes, and the smallest they can be while they hold anything. */
export const MEASURE_RELATIONS = `
SELECT t.relname AS "table", pg_stat_get_live_tuples(t.oid) AS rows,
  pg_total_relation_size(t.oid) AS "fileBytes",
  (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = t.oid) AS indexes,
  least(pg_relation_size(t.oid), current_setting('block_size')::bigint) + (
    SELECT coalesce(sum(least(pg_relation_size(i.indexrelid), current_setting('block_size')::bigint)), 0)
    FROM pg_index AS i WHERE i.indrelid = t.oid)::bigint AS "leastBytes"
FROM pg_class AS t
WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r'`;
