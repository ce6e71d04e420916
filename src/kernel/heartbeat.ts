/**
 * Signs of life of attempts. The newest details replace the ones before, outlive the attempt and
 * are handed to the next one, after a crash too; a silence longer than the step's heartbeatTimeout
 * fails the attempt. Steps that never beat and are not waited for carry nothing.
 */
import type { EventOf, Progress } from "./events.ts";
import { NULL_REF, refOf, type ValueRef } from "./value-ref.ts";

export interface Beat {
  /** The newest details of any attempt. */
  readonly details: ValueRef;
  /** What the attempt under way was given: the newest of those before it. */
  readonly handed: ValueRef;
  /** When the attempt under way began, or beat last. */
  readonly atMs: number;
  readonly progress: Progress | null;
}

/** An attempt begins; `timeoutMs` is the step's heartbeatTimeout. */
export function beatOnStart(
  beat: Beat | null,
  timeoutMs: number | null,
  atMs: number,
): Beat | null {
  if (beat === null && timeoutMs === null) return null;
  const details = beat?.details ?? NULL_REF;
  return { details, handed: details, atMs, progress: null };
}

export function beatAfter(
  beat: Beat | null,
  event: EventOf<"step.heartbeat">,
  at: { readonly seq: number; readonly nowMs: number },
): Beat {
  return {
    details:
      event.value === undefined ? (beat?.details ?? NULL_REF) : refOf(event.value, at.seq, "value"),
    handed: beat?.handed ?? NULL_REF,
    atMs: at.nowMs,
    progress: event.progress ?? beat?.progress ?? null,
  };
}
