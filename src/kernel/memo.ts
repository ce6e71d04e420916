/**
 * Memo: a step whose result is known under its key is not carried out again. The kernel says under
 * which conditions (journaled with `step.scheduled`) and settles the step; whether there is a
 * result, and what the full key is, is the engine's business (engine/embedded/memos.ts).
 *
 * M1. What decides is in the journal: the evaluated key, its scope and time to live, and on a hit
 *     the step that gave the result and the result itself. Replaying reads no store.
 * M2. A hit settles a step that asks for admission and nothing else: a step that was cancelled, is
 *     paused, or has started meanwhile goes its way.
 */
import type { MemoRequest } from "./events.ts";
import type { Input } from "./inputs.ts";
import { keyText } from "./key-text.ts";
import { evaluateOptions, succeed } from "./outcome.ts";
import { readScope } from "./read-scope.ts";
import type { StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** What guarded(memoRequest) comes to for a step without a memo. */
export const NO_MEMO = { ok: true, value: null } as const;

/** "later": values are missing, see turn.needs. null: the key is null, nothing is remembered. */
export function memoRequest(turn: Turn, instance: StepInstance): MemoRequest | "later" | null {
  const { memo } = instance.step;
  if (memo === null) return null;
  const { scope } = memo;
  const ttl = memo.ttlMs === null ? {} : { ttlMs: memo.ttlMs };
  if (memo.key === null || memo.form === null) return { scope, ...ttl };
  const names = readScope(turn, instance.scope, memo.key.reads);
  if (names === null) return "later";
  const value = memo.key.evaluate(names, evaluateOptions(turn, instance, "memo.key"));
  if (value === null || value === undefined) return null;
  return { scope, ...ttl, key: keyText(value), form: memo.form };
}

export function takeMemoHit(
  turn: Turn,
  input: Extract<Input, { readonly kind: "memo_hit" }>,
): void {
  const { path, key, from, output } = input;
  const instance = turn.state.steps.get(path) ?? null;
  const isAsking =
    instance?.status === "scheduled" &&
    instance.attempt === input.attempt &&
    turn.state.pausedAtMs === null;
  if (instance === null || !isAsking) {
    turn.applied = false;
    return;
  }
  emit(turn, { type: "step.memo_hit", path, key, from });
  succeed(turn, instance, { output });
}
