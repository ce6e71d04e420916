/**
 * One new run with its first record and nothing for an area, with the mark of its commit: a whole
 * commit. Writes one row if it is in, and answers none. What append-first-wave.ts does for many,
 * without its columns: a run that starts alone waits for this statement.
 *
 * $1 is the opening and its epoch, $2 to $11 what every turn has (see append-plain-turn.ts, without
 * its epoch), $12 to $17 what a new run has, $18 who owns it; $19 and $20 number and id of the commit.
 */
import { markCommit } from "../append-sql.ts";

export const APPEND_NEW_RUN = `
WITH ${markCommit("$19", "$20")},
made AS (
  INSERT INTO runs (number, tenant, run_id, workflow, version, status, seq, owner_epoch, owner,
    created_at_ms, started_at_ms, ended_at_ms, min_reader, labels, parent_run_id, error_code)
  SELECT nextval('runs_number_seq'), $2::text, $3::text, $12::text, $13::int, $8::smallint, $5::bigint,
    $1, CASE WHEN $8 <= 3 THEN $18::bigint END, $14::bigint, $9::bigint, $10::bigint, $17::int,
    $15::text, $16::text, $11::text
  FROM mark
  WHERE NOT EXISTS (SELECT 1 FROM tombstones AS t WHERE t.tenant = $2 AND t.run_id = $3)
  ON CONFLICT (tenant, run_id) DO NOTHING
  RETURNING number),
counted AS (
  INSERT INTO run_counts (tenant, status, writer, count)
  SELECT $2, $8, $1, 1 FROM made
  ON CONFLICT (tenant, status, writer) DO UPDATE SET count = run_counts.count + excluded.count)
INSERT INTO turns (run, first_seq, last_seq, at_ms, events)
SELECT number, $4::bigint, $5, $6::bigint, $7::bytea FROM made`;
