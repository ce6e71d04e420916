/**
 * What a wave's turns add to the memory of admission. Outcomes of one breaker follow each other: they
 * go in rounds, in each of which a breaker has one outcome.
 */
import type { BreakerOutcome } from "#ports/journal.ts";
import { bigints, booleans, ints, texts } from "./columns.ts";
import type { Statement } from "./connection.ts";
import { CLOSE_BREAKERS } from "./sql/close-breakers.ts";
import { ENSURE_BREAKERS } from "./sql/ensure-breakers.ts";
import { FAIL_BREAKERS } from "./sql/fail-breakers.ts";
import { SAVE_RATE_STARTS } from "./sql/save-rate-starts.ts";
import type { WaveArea } from "./wave.ts";

type PlacedOutcome = BreakerOutcome & { readonly position: number };

export const ADMISSION: WaveArea = {
  after({ turns }) {
    const starts = turns.flatMap(({ position, turn }) =>
      (turn.admission?.starts ?? []).map((start) => ({ position, ...start })),
    );
    const outcomes = turns.flatMap(({ position, turn }) =>
      (turn.admission?.outcomes ?? []).map((outcome) => ({ position, ...outcome })),
    );
    const statements: Statement[] = [];
    if (starts.length > 0)
      statements.push({
        sql: SAVE_RATE_STARTS,
        values: [
          ints(starts.map(({ position }) => position)),
          texts(starts.map(({ name }) => name)),
          bigints(starts.map(({ atMs }) => atMs)),
          bigints(starts.map(({ perMs }) => perMs)),
        ],
      });
    return [...statements, ...roundsOf(outcomes).flatMap(statementsOf)];
  },
};

function roundsOf(outcomes: readonly PlacedOutcome[]): readonly PlacedOutcome[][] {
  const rounds: PlacedOutcome[][] = [];
  const seen = new Map<string, number>();
  for (const outcome of outcomes) {
    const round = seen.get(outcome.name) ?? 0;
    seen.set(outcome.name, round + 1);
    rounds[round] ??= [];
    rounds[round].push(outcome);
  }
  return rounds;
}

function statementsOf(round: readonly PlacedOutcome[]): readonly Statement[] {
  const failed = round.filter(({ hasFailed }) => hasFailed);
  const succeeded = round.filter(({ hasFailed }) => !hasFailed);
  return [...failures(failed), ...successes(succeeded)];
}

function failures(failed: readonly PlacedOutcome[]): readonly Statement[] {
  if (failed.length === 0) return [];
  const named = [
    ints(failed.map(({ position }) => position)),
    texts(failed.map(({ name }) => name)),
  ];
  const values = [
    ...named,
    bigints(failed.map(({ atMs }) => atMs)),
    bigints(failed.map(({ failureThreshold }) => failureThreshold)),
    bigints(failed.map(({ resetAfterMs }) => resetAfterMs)),
    booleans(failed.map(({ isProbe }) => isProbe)),
    bigints(failed.map(({ untilMs }) => untilMs)),
  ];
  return [
    { sql: ENSURE_BREAKERS, values: named },
    { sql: FAIL_BREAKERS, values },
  ];
}

function successes(succeeded: readonly PlacedOutcome[]): readonly Statement[] {
  if (succeeded.length === 0) return [];
  const values = [
    ints(succeeded.map(({ position }) => position)),
    texts(succeeded.map(({ name }) => name)),
    booleans(succeeded.map(({ isProbe }) => isProbe)),
  ];
  return [{ sql: CLOSE_BREAKERS, values }];
}
