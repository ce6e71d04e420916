/**
 * One plain turn (plain-turn.ts) with a record, with the mark of its commit: a whole commit. Writes one
 * row if it is in, and answers none. What append-plain-turns.ts does for many, see append-sql.ts,
 * without its columns.
 *
 * $1 is the opening, $2 tenant, $3 run, $4 and $5 first and last seq, $6 instant, $7 events, $8 status,
 * $9 and $10 start and end of the run, $11 its error, $12 its epoch; $13 and $14 number and id of the
 * commit.
 */
import { markCommit } from "../append-sql.ts";
import { isRun } from "../run-key-sql.ts";

export const APPEND_PLAIN_TURN = `
WITH ${markCommit("$13", "$14")},
moved AS (
  UPDATE runs AS r
  SET seq = $5::bigint, status = $8::smallint, started_at_ms = $9::bigint, ended_at_ms = $10::bigint,
    error_code = $11::text, owner = CASE WHEN $8 <= 3 THEN r.owner END
  FROM mark, runs AS o
  WHERE ${isRun("o", "$2::text", "$3::text")}
    AND r.number = o.number AND r.status = o.status AND r.status < 7
    AND r.owner_epoch = $12::bigint AND r.seq = $4::bigint - 1
  RETURNING r.number, o.status AS before),
counted AS (
  INSERT INTO run_counts (tenant, status, writer, count)
  SELECT $2, c.status, $1, c.change
  FROM moved, LATERAL (VALUES (before, -1), ($8, 1)) AS c (status, change)
  WHERE before <> $8
  ON CONFLICT (tenant, status, writer) DO UPDATE SET count = run_counts.count + excluded.count)
INSERT INTO turns (run, first_seq, last_seq, at_ms, events)
SELECT number, $4, $5, $6::bigint, $7::bytea FROM moved`;
