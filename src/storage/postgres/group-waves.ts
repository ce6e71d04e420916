/**
 * Cuts a group of turns into waves (wave.ts): a turn goes into the first wave behind all turns of its
 * run and of its exclusive keys that come before it; those that only look at one stand beside each
 * other. Turns of one epoch that cannot be this opening's are left out here.
 *
 * The engine has one turn of a run in a group and hardly ever two that change one value: there is one
 * wave, as a rule.
 */
import { fencedName, type TurnCommit } from "#ports/journal.ts";
import { hasNothingElse, isHeadOnly } from "../plain-turn.ts";
import { refuseUnstorable } from "../storable-turn.ts";
import type { PlacedTurn, WaveArea } from "./wave.ts";

export interface GroupWaves {
  readonly waves: readonly (readonly PlacedTurn[])[];
  /** Distinct runs: positions go up to it. */
  readonly positions: number;
  /** fencedName() by position; [0] stands for nothing. */
  readonly names: readonly string[];
  /** Turns that were left out here already. */
  readonly fenced: ReadonlySet<string>;
  /** Every turn has a record and nothing else, and there is one wave. */
  readonly isPlain: boolean;
  /** No area has anything to do. */
  readonly isHeadOnly: boolean;
}

/** Characters of what a wave carries: a statement of it stays far below the server's 1 GB. */
const WAVE_LENGTH_MAX = 32 * 1_048_576;

/** Throws journal_refused where a turn can never be stored. */
export function cutGroup(
  turns: readonly TurnCommit[],
  epoch: number,
  areas: readonly WaveArea[],
): GroupWaves {
  const waves: PlacedTurn[][] = [];
  const lengths: number[] = [];
  const placeOf = new Map<string, number>();
  const names = [""];
  const nextWave = new Map<string, number>();
  /** Behind all that look at it. */
  const nextLook = new Map<string, number>();
  const fenced = new Set<string>();
  let isPlain = true;
  let areHeads = true;
  for (const turn of turns) {
    const name = fencedName(turn);
    if (fenced.has(name)) continue;
    // Only this opening makes runs under its epoch.
    if (turn.create !== null && turn.epoch !== epoch) {
      fenced.add(name);
      continue;
    }
    refuseUnstorable(turn);
    isPlain &&= turn.record !== null && hasNothingElse(turn);
    const isHead = isHeadOnly(turn) && !isLabelled(turn);
    areHeads &&= isHead;
    let position = placeOf.get(name);
    if (position === undefined) {
      position = names.length;
      placeOf.set(name, position);
      names.push(name);
    }
    const keys = isHead ? [] : areas.flatMap((area) => area.exclusiveKeys?.(turn) ?? []);
    const looked = isHead ? [] : areas.flatMap((area) => area.lookedAtKeys?.(turn) ?? []);
    const run = `run ${name}`;
    let at = nextWave.get(run) ?? 0;
    for (const key of keys) at = Math.max(at, nextWave.get(key) ?? 0, nextLook.get(key) ?? 0);
    for (const key of looked) at = Math.max(at, nextWave.get(key) ?? 0);
    const length = lengthOf(turn);
    while ((lengths[at] ?? 0) > 0 && (lengths[at] ?? 0) + length > WAVE_LENGTH_MAX) at++;
    while (waves.length <= at) waves.push([]);
    waves[at]?.push({ position, turn });
    lengths[at] = (lengths[at] ?? 0) + length;
    nextWave.set(run, at + 1);
    for (const key of keys) nextWave.set(key, at + 1);
    for (const key of looked) nextLook.set(key, Math.max(at + 1, nextLook.get(key) ?? 0));
  }
  return {
    ...{ waves, positions: names.length - 1, names, fenced },
    isPlain: isPlain && waves.length === 1,
    isHeadOnly: areHeads,
  };
}

/** Labels of a new run are written by their area. */
function isLabelled({ create }: TurnCommit): boolean {
  return create !== null && Object.keys(create.labels).length > 0;
}

function lengthOf({ record, checkpoint, memos, logs }: TurnCommit): number {
  let length = (record?.events.length ?? 0) + (checkpoint?.state.length ?? 0);
  for (const { output } of memos ?? []) length += "text" in output ? output.text.length : 0;
  for (const { text, fields } of logs ?? []) length += text.length + (fields?.length ?? 0);
  return length;
}
