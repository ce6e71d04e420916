/**
 * One decision under way: the events so far, what they used up, and emit(), which folds each event
 * into the state at once, so that the next thought sees it.
 *
 * T1. Whoever emits has all values it needs: nothing is half decided when values must be loaded.
 */
import { jsonSizeUpTo } from "#workflow/json.ts";
import {
  type Decision,
  type Refusal,
  TURN_EVALUATIONS_MAX,
  TURN_SIZE_MAX,
  type World,
} from "./decision.ts";
import type { Send } from "./effects.ts";
import type { RunEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { RunState } from "./state.ts";
import { VALUE_FIELDS_OF, type ValueField } from "./value-fields.ts";
import { INLINE_SIZE_MAX, type ValueRef } from "./value-ref.ts";

export interface Turn {
  readonly state: RunState;
  readonly world: World;
  readonly events: RunEvent[];
  readonly sends: Send[];
  readonly needs: ValueRef[];
  readonly compute: Decision["compute"][number][];
  /** Values that were read as bytes (see readPacked). */
  packed: number;
  evaluations: number;
  size: number;
  applied: boolean;
  refusal: Refusal | null;
  again: boolean;
}

export function newTurn(state: RunState, world: World): Turn {
  return {
    state,
    world,
    events: [],
    sends: [],
    needs: [],
    compute: [],
    packed: 0,
    evaluations: 0,
    size: 0,
    applied: true,
    refusal: null,
    again: false,
  };
}

/** Fields that references name whatever their size: items by position, results by chunk. */
const READ_BY_ELEMENT: ReadonlySet<string> = new Set(["values", "keys", "results", "failed"]);

/** Appends `event` and folds it into the state. */
export function emit(turn: Turn, event: RunEvent): void {
  turn.events.push(event);
  turn.size += 100;
  const fields = VALUE_FIELDS_OF[event.type];
  if (fields.length > 0) putValues(turn, event as ValueEvent, fields);
  evolve(turn.state, event, turn.world.nowMs);
}

type ValueEvent = Readonly<Record<string, unknown>>;

function putValues(turn: Turn, event: ValueEvent, fields: readonly ValueField[]): void {
  const seq = turn.state.seq + 1;
  for (const field of fields) {
    const value = event[field];
    if (value === undefined || (value === null && !READ_BY_ELEMENT.has(field))) continue;
    const size = jsonSizeUpTo(value, INLINE_SIZE_MAX);
    turn.size += size;
    if (size <= INLINE_SIZE_MAX && !READ_BY_ELEMENT.has(field)) continue;
    turn.size += jsonSizeUpTo(value, TURN_SIZE_MAX);
    if (field === "carry") putCarry(turn, seq, value as Readonly<Record<string, unknown>>);
    else turn.world.values.put(seq, field, value);
  }
}

function putCarry(turn: Turn, seq: number, carry: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(carry))
    turn.world.values.put(seq, `carry.${name}`, value);
}

/** Whether this turn has done enough; the rest of the agenda is for the next one. */
export function isSpent(turn: Turn): boolean {
  return (
    turn.evaluations >= TURN_EVALUATIONS_MAX || turn.size >= TURN_SIZE_MAX || turn.world.exhausted()
  );
}
