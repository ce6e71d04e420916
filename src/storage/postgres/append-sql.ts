/**
 * The pieces of the append-* statements: one statement moves the heads of a wave's runs, writes their
 * journal rows, makes new runs and counts statuses. What makes one statement of it possible:
 *
 *   1. Rows of runs are found by (tenant, run_id) in the order in which the turns are given, which is
 *      that of these keys: all hosts lock in one order. The session plans nested loops only.
 *   2. The fence (epoch, seq) is judged on the row that is updated, which after a wait for another
 *      transaction is its newest version. `before` is what the statement's snapshot shows: whoever
 *      changes a status changes epoch or seq with it, or makes it 7, so that it is the newest too.
 *   3. INSERT gives back no column of what it was given: new runs get their number beforehand, and
 *      those whose id was free are told by it. `IN (...) IS TRUE` keeps that a lookup in a hash table.
 *
 * $1 is the opening, $2 to $13 the columns of every turn, $14 to $19 those of new runs (all NULL for
 * others), $20 the number of positions, $21 who owns new runs; $22 and $23 number and id of the commit.
 * The plain statement leaves out $14 to $21. append-new-run.ts and append-plain-turn.ts do for one turn
 * alone what these do for many, in statements of their own: what changes here changes there, and
 * test/contract/journal.ts compares the two.
 */
import { isRun } from "./run-key-sql.ts";
import { LEFT_OUT } from "./wave.ts";

const TURN_COLUMNS = `$2::int[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
  $8::bigint[], $9::bytea[], $10::smallint[], $11::bigint[], $12::bigint[], $13::text[]`;
const TURN_NAMES = `position, tenant, run_id, epoch, first_seq, last_seq,
  at_ms, events, status, started_at_ms, ended_at_ms, error_code`;
const RUN_COLUMNS = "$14::text[], $15::int[], $16::bigint[], $17::text[], $18::text[], $19::int[]";
const RUN_NAMES = "workflow, version, created_at_ms, labels, parent_run_id, min_reader";

/** Another number than the expected one: this commit, or another one of this opening, was there before. */
export function markCommit(number: string, commitId: string): string {
  return `mark AS (
  UPDATE commit_marks
  SET number = CASE WHEN number = ${number}::bigint - 1 THEN ${number} ELSE refuse('commit_mark', NULL) END,
    commit_id = ${commitId}::text
  WHERE writer = $1::bigint
  RETURNING writer)`;
}

export const PLAIN_TURNS = `given AS (
  SELECT g.* FROM mark, unnest(${TURN_COLUMNS}) AS g (${TURN_NAMES}))`;

export function waveTurns(source: "mark, " | ""): string {
  return `given AS MATERIALIZED (
  SELECT g.* FROM ${source}unnest(${TURN_COLUMNS}, ${RUN_COLUMNS})
    AS g (${TURN_NAMES}, ${RUN_NAMES})
  WHERE NOT g.position = ANY (${LEFT_OUT}))`;
}

export function movedRuns(condition: string): string {
  return `moved AS (
  UPDATE runs AS r
  SET seq = g.last_seq, status = g.status, started_at_ms = g.started_at_ms,
    ended_at_ms = g.ended_at_ms, error_code = g.error_code,
    owner = CASE WHEN g.status <= 3 THEN r.owner END
  FROM given AS g JOIN runs AS o ON ${isRun("o")}
  WHERE ${condition}r.number = o.number AND r.status = o.status AND r.status < 7
    AND r.owner_epoch = g.epoch AND r.seq = g.first_seq - 1
  RETURNING g.position, r.number, r.tenant, o.status AS before, r.status,
    g.first_seq, g.last_seq, g.at_ms, g.events)`;
}

/** Turns of runs that are there, without a record: nothing of the run changes, but it is held. */
const LOOKED_AT = `looked AS (
  SELECT g.position, r.number
  FROM given AS g JOIN runs AS r ON ${isRun("r")}
  WHERE g.version IS NULL AND g.first_seq IS NULL AND r.owner_epoch = g.epoch
  FOR NO KEY UPDATE OF r)`;

const MADE = `fresh AS MATERIALIZED (
  SELECT nextval('runs_number_seq') AS number, g.* FROM given AS g
  WHERE g.version IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM tombstones AS t WHERE t.tenant = g.tenant AND t.run_id = g.run_id)),
created AS (
  INSERT INTO runs (number, tenant, run_id, workflow, version, status, seq, owner_epoch, owner,
    created_at_ms, started_at_ms, ended_at_ms, min_reader, labels, parent_run_id, error_code)
  SELECT number, tenant, run_id, workflow, version, status, coalesce(last_seq, 0), epoch, CASE WHEN status <= 3 THEN $21::bigint END,
    created_at_ms, started_at_ms, ended_at_ms, min_reader, labels, parent_run_id, error_code
  FROM fresh
  ON CONFLICT (tenant, run_id) DO NOTHING
  RETURNING number),
made AS (SELECT * FROM fresh WHERE (number IN (SELECT number FROM created)) IS TRUE)`;

const JOURNAL_COLUMNS = "number, first_seq, last_seq, at_ms, events";

const KEPT_OF_WAVE = `kept AS (
  INSERT INTO turns (run, first_seq, last_seq, at_ms, events)
  SELECT ${JOURNAL_COLUMNS} FROM moved
  UNION ALL SELECT ${JOURNAL_COLUMNS} FROM made WHERE first_seq IS NOT NULL)`;

export const KEPT_OF_PLAIN = `kept AS (
  INSERT INTO turns (run, first_seq, last_seq, at_ms, events) SELECT ${JOURNAL_COLUMNS} FROM moved)`;

export function counted(made: "" | "UNION ALL SELECT tenant, status, 1 FROM made"): string {
  return `counted AS (
  INSERT INTO run_counts (tenant, status, writer, count)
  SELECT tenant, status, $1, sum(change) FROM (
    SELECT tenant, before AS status, -1 AS change FROM moved WHERE before <> status
    UNION ALL SELECT tenant, status, 1 FROM moved WHERE before <> status
    ${made}) AS c
  GROUP BY tenant, status HAVING sum(change) <> 0
  ON CONFLICT (tenant, status, writer) DO UPDATE SET count = run_counts.count + excluded.count)`;
}

/** Says which turns are in, and leaves the others of the wave out of what follows. */
const ACCEPTED = `SELECT set_config('lockstitch.accepted', a.runs::text, true) AS accepted,
  set_config('lockstitch.left_out', (${LEFT_OUT} || ARRAY(
    SELECT position FROM given WHERE a.runs[position] = 0))::text, true)
FROM (
  SELECT coalesce(array_agg(number ORDER BY position), '{}') AS runs FROM (
    SELECT position, max(number) AS number FROM (
      SELECT position, number FROM moved
      UNION ALL SELECT position, number FROM looked
      UNION ALL SELECT position, number FROM made
      UNION ALL SELECT position, 0 FROM generate_series(1, $20::int) AS position) AS n
    GROUP BY position) AS p) AS a`;

/** All that follows the turns of a wave. */
export const WAVE = [
  movedRuns("g.version IS NULL AND "),
  LOOKED_AT,
  MADE,
  KEPT_OF_WAVE,
  `${counted("UNION ALL SELECT tenant, status, 1 FROM made")}
${ACCEPTED}`,
].join(",\n");
