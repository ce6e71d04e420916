/**
 * Shared values in commits: what turns have seen, and what they change (V1, V2 of the port). All
 * names of a group are locked before anything else; turns that have seen another revision are left
 * out before the append, and changes of the accepted ones are written behind it. Turns that change one
 * name follow each other in waves of their own, and whoever looks at it follows what changes it, so that
 * a later one sees the earlier.
 */
import { hash } from "node:crypto";
import type { TurnCommit } from "#ports/journal.ts";
import { bigints, byteas, ints, texts } from "./columns.ts";
import { lockOfNames, type SharedRow, sharedRow, sharedRowName } from "./shared-names.ts";
import { LEAVE_OUT_STALE } from "./sql/leave-out-stale.ts";
import { WRITE_SHARED } from "./sql/write-shared.ts";
import type { Wave, WaveArea } from "./wave.ts";

/** No value has it: a turn that asks for it is always stale. */
const NEVER = -1;

interface Seen {
  readonly position: number;
  readonly row: SharedRow;
  readonly revision: number;
  /** SHA-256 of the text; null: not compared. */
  readonly seen: Buffer | null;
}

interface Made {
  readonly position: number;
  readonly row: SharedRow;
  readonly revision: number;
  readonly atMs: number;
  readonly by: string;
  readonly value: Buffer | null;
}

export const sharedArea: WaveArea = {
  begin(turns) {
    const names = turns.flatMap(({ tenant, shared = [] }) =>
      shared.map((use) => ({
        name: sharedRowName(sharedRow(tenant, use)),
        isLooking: use.change === null,
      })),
    );
    return names.length === 0 ? [] : [lockOfNames(names)];
  },

  exclusiveKeys: (turn) => namesOf(turn, true),
  lookedAtKeys: (turn) => namesOf(turn, false),

  before(wave) {
    const seen = eachTurn(wave, seenBy);
    if (seen.length === 0) return [];
    const values = [
      ints(seen.map(({ position }) => position)),
      ...rowColumns(seen.map(({ row }) => row)),
      bigints(seen.map(({ revision }) => revision)),
      byteas(seen.map((one) => one.seen)),
    ];
    return [{ sql: LEAVE_OUT_STALE, values, leavesOut: "stale" }];
  },

  after(wave) {
    const made = eachTurn(wave, madeBy);
    if (made.length === 0) return [];
    const values = [
      ints(made.map(({ position }) => position)),
      ...rowColumns(made.map(({ row }) => row)),
      bigints(made.map(({ revision }) => revision)),
      bigints(made.map(({ atMs }) => atMs)),
      texts(made.map(({ by }) => by)),
      byteas(made.map(({ value }) => value)),
      wave.epoch,
    ];
    return [{ sql: WRITE_SHARED, values }];
  },
};

/** Names that the turn changes, or those that it only looks at. */
function namesOf({ tenant, shared }: TurnCommit, changes: boolean): readonly string[] {
  if (shared === undefined) return [];
  const changed = new Map<string, boolean>();
  for (const use of shared) {
    const name = sharedRowName(sharedRow(tenant, use));
    changed.set(name, changed.get(name) === true || use.change !== null);
  }
  return [...changed].flatMap(([name, isChanged]) => (isChanged === changes ? [name] : []));
}

function eachTurn<Item>(
  { turns }: Wave,
  of: (turn: TurnCommit, position: number) => Iterable<Item>,
): readonly Item[] {
  return turns.flatMap(({ turn, position }) =>
    turn.shared === undefined ? [] : [...of(turn, position)],
  );
}

/** Uses of one name follow from each other: the first says what must be there, or none fits. */
function seenBy({ tenant, shared = [] }: TurnCommit, position: number): Iterable<Seen> {
  const seen = new Map<string, Seen>();
  const made = new Map<string, number>();
  for (const use of shared) {
    const row = sharedRow(tenant, use);
    const name = sharedRowName(row);
    const first = seen.get(name);
    if (first === undefined)
      seen.set(name, { position, row, revision: use.revision, seen: digestOf(use.seen) });
    else if (use.revision !== (made.get(name) ?? first.revision))
      seen.set(name, { position, row, revision: NEVER, seen: null });
    if (use.change !== null) made.set(name, use.change.value === null ? 0 : use.change.revision);
  }
  return seen.values();
}

function digestOf(text: string | undefined): Buffer | null {
  return text === undefined ? null : hash("sha256", text, "buffer");
}

/** What each name holds in the end. */
function madeBy({ tenant, runId, shared = [] }: TurnCommit, position: number): Iterable<Made> {
  const made = new Map<string, Made>();
  for (const { change, path, atMs, ...key } of shared) {
    if (change === null) continue;
    const row = sharedRow(tenant, key);
    made.set(sharedRowName(row), {
      ...{ position, row, revision: change.revision, atMs, by: `run:${runId}/${path}` },
      value: change.value === null ? null : Buffer.from(change.value),
    });
  }
  return made.values();
}

function rowColumns(rows: readonly SharedRow[]): readonly Buffer[] {
  return [0, 1, 2, 3].map((at) => texts(rows.map((row) => row[at] ?? "")));
}
