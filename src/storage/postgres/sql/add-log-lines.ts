/**
 * Lines of the accepted turns: position, path, attempt, line, instant, level, text, fields. One that
 * is there already stays as it is (L1). The append holds the lock of each run's row, so that nobody
 * else hands out positions of the run before this transaction has ended (L3).
 */
import { ACCEPTED_RUNS } from "../wave.ts";

export const ADD_LOG_LINES = `
WITH said AS MATERIALIZED (
  SELECT a.run, g.*
  FROM unnest($1::int[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::smallint[],
      $7::bytea[], $8::bytea[])
    WITH ORDINALITY AS g (position, path, attempt, line, at_ms, level, text, fields, place),
  LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a
  WHERE a.run <> 0
), ends AS MATERIALIZED (
  SELECT runs.run, coalesce(last.position, 0) AS position
  FROM (SELECT DISTINCT run FROM said) AS runs
  LEFT JOIN LATERAL (
    SELECT position FROM step_logs AS l WHERE l.run = runs.run ORDER BY position DESC LIMIT 1
  ) AS last ON true
)
INSERT INTO step_logs (run, position, path, attempt, line, at_ms, level, text, fields)
SELECT said.run, ends.position + row_number() OVER (PARTITION BY said.run ORDER BY said.place),
  said.path, said.attempt, said.line, said.at_ms, said.level, said.text, said.fields
FROM said JOIN ends ON ends.run = said.run
ON CONFLICT (run, path, attempt, line) DO NOTHING`;
