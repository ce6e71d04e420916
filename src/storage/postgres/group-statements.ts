/**
 * The statements of one commit, and what their answers say. All of them go out at once; a group of
 * plain turns is a single statement, which is a transaction of its own, and so is a turn that is
 * alone and plain, or makes its run: its statement takes values instead of columns, because what an
 * idle machine computes around a lone commit weighs as much as the disk.
 */
import type { TurnCommit } from "#ports/journal.ts";
import { statusNumber } from "../run-statuses.ts";
import { bigints, ints, smallints, texts, utf8s } from "./columns.ts";
import type { Answer, Statement } from "./connection.ts";
import { cutGroup, type GroupWaves } from "./group-waves.ts";
import { APPEND_FIRST_WAVE } from "./sql/append-first-wave.ts";
import { APPEND_NEW_RUN } from "./sql/append-new-run.ts";
import { APPEND_NEXT_WAVE } from "./sql/append-next-wave.ts";
import { APPEND_PLAIN_TURN } from "./sql/append-plain-turn.ts";
import { APPEND_PLAIN_TURNS } from "./sql/append-plain-turns.ts";
import { LOCK_RUNS } from "./sql/lock-runs.ts";
import { MARK_COMMIT } from "./sql/mark-commit.ts";
import type { StoreParts } from "./store-parts.ts";
import type { PlacedTurn, Wave } from "./wave.ts";

export interface Group {
  readonly commitId: string;
  readonly turns: readonly TurnCommit[];
  /** Of this commit, see commit-queue.ts. */
  readonly number: number;
  readonly nowMs: number;
}

export interface GroupAnswer {
  readonly fenced: readonly string[];
  readonly stale: readonly string[];
}

export interface GroupStatements {
  readonly statements: readonly Statement[];
  /** Of the answers, one for each statement. */
  read(answers: readonly Answer<unknown>[]): GroupAnswer;
}

type Read = (answer: Answer<unknown>) => void;

/** Throws journal_refused where a turn can never be stored. */
export function groupStatements(
  { commitId, turns, number, nowMs }: Group,
  { epoch, owner, areas }: Pick<StoreParts, "epoch" | "owner" | "areas">,
): GroupStatements {
  const cut = cutGroup(turns, epoch, areas);
  const lone = loneStatement(cut, { number, commitId, epoch, owner });
  if (lone !== null) return lone;
  const statements: Statement[] = [];
  const reads: (Read | null)[] = [];
  const outcome = new Outcome(cut);
  const add = ({ sql, values }: Statement, read: Read | null = null) => {
    statements.push({ sql, values });
    reads.push(read);
  };
  if (cut.positions === 0) add({ sql: MARK_COMMIT, values: [epoch, number, commitId] });
  else if (cut.isPlain) {
    const wave = cut.waves[0] ?? [];
    const values = [epoch, ...turnColumns(wave), number, commitId];
    add({ sql: APPEND_PLAIN_TURNS, values }, (answer) => outcome.plain(wave, answer));
  } else {
    if (!cut.isHeadOnly)
      for (const area of areas) for (const statement of area.begin?.(turns) ?? []) add(statement);
    if (mustLock(cut)) add({ sql: LOCK_RUNS, values: runColumns(cut) });
    for (const [index, placed] of cut.waves.entries()) {
      const wave: Wave = { turns: placed, nowMs, epoch };
      const inAreas = cut.isHeadOnly ? [] : areas;
      for (const area of inAreas)
        for (const statement of area.before?.(wave) ?? [])
          add(statement, (answer) => outcome.leftOut(statement.leavesOut, answer));
      const columns = [...turnColumns(placed), ...newRunColumns(placed), cut.positions, owner];
      const read: Read = (answer) => outcome.wave(placed, answer);
      if (index === 0)
        add({ sql: APPEND_FIRST_WAVE, values: [epoch, ...columns, number, commitId] }, read);
      else add({ sql: APPEND_NEXT_WAVE, values: [epoch, ...columns] }, read);
      for (const area of inAreas) for (const statement of area.after?.(wave) ?? []) add(statement);
    }
  }
  return {
    statements,
    read(answers) {
      for (const [index, answer] of answers.entries()) reads[index]?.(answer);
      return outcome.answer();
    },
  };
}

/** A turn that is alone in its commit, as those of a run that nobody competes with; null: it is not. */
function loneStatement(
  { waves, isPlain, isHeadOnly, names, fenced }: GroupWaves,
  of: Pick<Group, "number" | "commitId"> & Pick<StoreParts, "epoch" | "owner">,
): GroupStatements | null {
  const turn = waves[0]?.length === 1 && waves.length === 1 ? waves[0][0]?.turn : undefined;
  if (turn === undefined || fenced.size > 0 || turn.record === null) return null;
  if (!isPlain && !(isHeadOnly && turn.create !== null)) return null;
  const { number, commitId, epoch, owner } = of;
  const values = [epoch, ...turnValues(turn, turn.record)];
  const statement =
    turn.create === null
      ? { sql: APPEND_PLAIN_TURN, values: [...values, turn.epoch, number, commitId] }
      : {
          sql: APPEND_NEW_RUN,
          values: [...values, ...newRunValues(turn.create), owner, number, commitId],
        };
  return {
    statements: [statement],
    read: ([answer]) => ({ fenced: answer?.count === 1 ? [] : names.slice(1), stale: [] }),
  };
}

function turnValues(
  { tenant, runId, status, startedAtMs, endedAtMs, errorCode }: TurnCommit,
  { firstSeq, lastSeq, atMs, events }: NonNullable<TurnCommit["record"]>,
): readonly unknown[] {
  return [
    ...[tenant, runId, firstSeq, lastSeq, atMs, Buffer.from(events)],
    ...[statusNumber(status), startedAtMs, endedAtMs, errorCode],
  ];
}

function newRunValues(create: NonNullable<TurnCommit["create"]>): readonly unknown[] {
  const { workflow, version, createdAtMs, labels, parentRunId, minReader } = create;
  return [workflow, version, createdAtMs, JSON.stringify(labels), parentRunId, minReader];
}

/** Gathers what the answers say. */
class Outcome {
  readonly #cut: GroupWaves;
  readonly #fenced: Set<string>;
  readonly #stale = new Set<string>();

  constructor(cut: GroupWaves) {
    this.#cut = cut;
    this.#fenced = new Set(cut.fenced);
  }

  plain(wave: readonly PlacedTurn[], { rows, count }: Answer<unknown>): void {
    if (count === wave.length) return;
    const accepted = new Set((rows as { readonly position: number }[]).map((row) => row.position));
    for (const { position } of wave) if (!accepted.has(position)) this.#add(this.#fenced, position);
  }

  leftOut(as: "fenced" | "stale", { rows }: Answer<unknown>): void {
    for (const { position } of rows as { readonly position: number }[]) {
      this.#add(this.#fenced, position);
      if (as === "stale") this.#add(this.#stale, position);
    }
  }

  wave(placed: readonly PlacedTurn[], { rows }: Answer<unknown>): void {
    const text = (rows[0] as { readonly accepted: string } | undefined)?.accepted ?? "{}";
    const runs = text.slice(1, -1).split(",");
    for (const { position } of placed)
      if ((runs[position - 1] ?? "0") === "0") this.#add(this.#fenced, position);
  }

  answer(): GroupAnswer {
    return { fenced: [...this.#fenced], stale: [...this.#stale] };
  }

  #add(names: Set<string>, position: number): void {
    names.add(this.#cut.names[position] ?? "");
  }
}

/** Rows are locked by one statement in the order of their keys; only then need nobody lock them first. */
function mustLock({ waves, positions }: GroupWaves): boolean {
  return (
    waves.length > 1 ||
    (positions > 1 && waves.some((wave) => wave.some(({ turn }) => isLooking(turn))))
  );
}

function isLooking({ record, create }: TurnCommit): boolean {
  return record === null && create === null;
}

function runColumns({ waves }: GroupWaves): readonly Buffer[] {
  const seen = new Map<number, TurnCommit>();
  for (const wave of waves) for (const { position, turn } of wave) seen.set(position, turn);
  const turns = [...seen.values()];
  return [texts(turns.map(({ tenant }) => tenant)), texts(turns.map(({ runId }) => runId))];
}

/** In the order of the runs' keys: so they are locked. */
function inKeyOrder(wave: readonly PlacedTurn[]): readonly PlacedTurn[] {
  return wave.length === 1 ? wave : wave.toSorted(({ turn: a }, { turn: b }) => compareKeys(a, b));
}

function compareKeys(a: TurnCommit, b: TurnCommit): number {
  if (a.tenant !== b.tenant) return a.tenant < b.tenant ? -1 : 1;
  if (a.runId === b.runId) return 0;
  return a.runId < b.runId ? -1 : 1;
}

function turnColumns(wave: readonly PlacedTurn[]): readonly Buffer[] {
  const placed = inKeyOrder(wave);
  const turns = placed.map(({ turn }) => turn);
  return [
    ints(placed.map(({ position }) => position)),
    texts(turns.map(({ tenant }) => tenant)),
    texts(turns.map(({ runId }) => runId)),
    bigints(turns.map(({ epoch }) => epoch)),
    bigints(turns.map(({ record }) => record?.firstSeq ?? null)),
    bigints(turns.map(({ record }) => record?.lastSeq ?? null)),
    bigints(turns.map(({ record }) => record?.atMs ?? null)),
    utf8s(turns.map(({ record }) => record?.events ?? null)),
    smallints(turns.map(({ status }) => statusNumber(status))),
    bigints(turns.map(({ startedAtMs }) => startedAtMs)),
    bigints(turns.map(({ endedAtMs }) => endedAtMs)),
    texts(turns.map(({ errorCode }) => errorCode)),
  ];
}

function newRunColumns(wave: readonly PlacedTurn[]): readonly Buffer[] {
  const made = inKeyOrder(wave).map(({ turn }) => turn.create);
  return [
    texts(made.map((create) => create?.workflow ?? null)),
    ints(made.map((create) => create?.version ?? null)),
    bigints(made.map((create) => create?.createdAtMs ?? null)),
    texts(made.map((create) => (create === null ? null : JSON.stringify(create.labels)))),
    texts(made.map((create) => create?.parentRunId ?? null)),
    ints(made.map((create) => create?.minReader ?? null)),
  ];
}
