/** What the user lacks to be a host of the schema $1, a row each: to make it where it is missing, to write it where not. */
export const READ_MISSING_RIGHTS = `
SELECT 'CREATE on database ' || current_database() AS missing
WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)
  AND NOT has_database_privilege(current_database(), 'CREATE')
UNION ALL
SELECT p.name || ' on ' || count(*) || ' tables of schema ' || $1
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (name)
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname <> 'migrations'
  AND NOT has_table_privilege(c.oid, p.name)
GROUP BY p.name
UNION ALL
SELECT 'USAGE on ' || count(*) || ' sequences of schema ' || $1
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1
  -- In whatever order: asked of a table it is an error.
  AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') ELSE false END
HAVING count(*) > 0`;
