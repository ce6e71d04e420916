/**
 * The seam between the journal's commit and the areas that write with it: shared values, blob
 * references, logs, memos. A commit is one transaction in one round trip, so nothing that the server
 * answers can steer what is sent behind it: areas are statements that join with what the server knows.
 *
 * A group is cut into *waves*: of each run a wave has one turn, and no two turns of a wave have an
 * exclusive key in common. Behind the areas' begin statements, which know the whole group, each wave
 * is sent as
 *
 *     before statements   leave turns out
 *     append              heads, journal rows, new runs: says which turns were accepted
 *     after statements    write for the accepted turns only
 *
 *   1. A turn is named by its *position*: that of its run in the group, from 1 on, the same in every
 *      wave. After the append, ACCEPTED_RUNS holds `runs.number` for each position, 0 where the
 *      wave's turn was fenced or left out. An after statement brings positions as a column and keeps
 *      the rows of those that were accepted:
 *
 *          SELECT a.run, g.hash FROM unnest($1::int[], $2::text[]) AS g (position, hash),
 *            LATERAL (SELECT ${ACCEPTED_RUNS}[g.position] AS run) AS a WHERE a.run <> 0
 *
 *   2. A before statement leaves turns out with leaveOut(), and answers their positions as rows
 *      `{ position }`; `leavesOut: "stale"` names them as stale as well. What is left out or fenced
 *      stays so for the rest of its group (J3).
 *   3. A statement that must refuse the whole group calls `refuse(reason, about)` of the schema; the
 *      area's refusal() makes the error that the caller meets.
 *   4. Rows are locked and written in the order of their keys (ORDER BY), areas in the order of
 *      waveAreas(), so that two hosts hardly ever wait for each other; where they do, the server
 *      breaks the deadlock and the commit is done again.
 *   5. An area without anything to do in a wave answers no statements: then it costs nothing.
 */
import type { LockstitchError } from "#errors/errors.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { Statement } from "./connection.ts";

export interface PlacedTurn {
  readonly position: number;
  readonly turn: TurnCommit;
}

export interface Wave {
  /** In the order of the group. */
  readonly turns: readonly PlacedTurn[];
  readonly nowMs: number;
  /** Of this opening: the epoch of the runs it creates. */
  readonly epoch: number;
}

export interface BeforeStatement extends Statement {
  readonly leavesOut: "fenced" | "stale";
}

export interface WaveArea {
  /**
   * Sent once, before the first wave, with all turns of the group: for locks that are not rows of a
   * wave, which taken wave by wave would make two hosts wait for each other.
   */
  begin?(turns: readonly TurnCommit[]): readonly Statement[];
  /** What only one turn of a wave may touch, beside its run; the area's own names. */
  exclusiveKeys?(turn: TurnCommit): readonly string[];
  /** What the turn only looks at: any number of a wave may, none of which has it as an exclusive key. */
  lookedAtKeys?(turn: TurnCommit): readonly string[];
  before?(wave: Wave): readonly BeforeStatement[];
  after?(wave: Wave): readonly Statement[];
  /** What the area's own call of refuse() means; null: it was not this area's. */
  refusal?(reason: string, about: string): LockstitchError | null;
  /** The whole group is committed. */
  committed?(turns: readonly TurnCommit[]): void;
}

/** An expression: `runs.number` by position, 0 where the wave's turn is not in. */
export const ACCEPTED_RUNS = "(SELECT current_setting('lockstitch.accepted')::bigint[])";

/** It is '' where an earlier transaction of the session has set it, and NULL where none has. */
const LEFT_OUT_NOW =
  "coalesce(nullif(current_setting('lockstitch.left_out', true), ''), '{}')::int[]";

/** An expression: the positions that are left out so far. */
export const LEFT_OUT = `(SELECT ${LEFT_OUT_NOW})::int[]`;

/** A select item that leaves out the position of its row: `SELECT g.position, ${leaveOut("g.position")}`. */
export function leaveOut(position: string): string {
  return `set_config('lockstitch.left_out', array_append(${LEFT_OUT_NOW}, ${position})::text, true)`;
}
