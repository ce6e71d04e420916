/**
 * What a turn makes durable for admission: starts that rate limits count, and outcomes that
 * circuit breakers count. Stored in the turn's own transaction; breakers here learn of an outcome
 * once that is committed, so that memory and store never tell two stories.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Effect } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { AdmissionRecord, BreakerOutcome, RateStart } from "#ports/journal.ts";
import { BreakerMeter, quietMsOf } from "../admission/breaker-meter.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import { breakerGate, slotName } from "./claims.ts";
import type { Turn } from "./turn.ts";

type AttemptEffect = Extract<Effect, { readonly kind: "attempt" }>;

interface Recording {
  readonly runKey: string;
  readonly tenant: string;
  readonly slots: Scheduler;
  /** The attempt under way at `path`, unless it was told to stop. */
  attemptAt(path: string, attempt: number): AttemptEffect | null;
}

/** null: nothing. */
export function admissionRecord(turn: Turn, run: Recording): AdmissionRecord | null {
  const starts: RateStart[] = [];
  const outcomes: BreakerOutcome[] = [];
  for (const event of turn.events) {
    if (event.type === "slot.granted") addStarts(starts, event, turn, run);
    else addOutcome(outcomes, event, turn, run);
  }
  return starts.length + outcomes.length === 0 ? null : { starts, outcomes };
}

function addStarts(
  starts: RateStart[],
  event: Extract<RunEvent, { readonly type: "slot.granted" }>,
  { atMs }: Turn,
  { runKey, slots }: Recording,
): void {
  for (const gate of slots.holder(slotName(runKey, event))?.gates ?? [])
    if (gate.kind === "rate_limit") starts.push({ name: gate.name, atMs, perMs: gate.perMs });
}

function addOutcome(
  outcomes: BreakerOutcome[],
  event: RunEvent,
  { atMs }: Turn,
  { runKey, tenant, slots, attemptAt }: Recording,
): void {
  const ended = endOf(event);
  if (ended === null) return;
  const effect = attemptAt(ended.path, ended.attempt);
  const breaker = effect?.gates?.circuitBreaker;
  if (breaker === undefined) return;
  // What is the caller's own fault says nothing of the other side.
  if (ended.error !== null && !ended.error.retryable) return;
  const gate = breakerGate(breaker, tenant);
  const meter = slots.meter(gate.name);
  const isProbe = meter instanceof BreakerMeter && meter.isProbe(slotName(runKey, ended));
  const { name, failureThreshold, resetAfterMs } = gate;
  const hasFailed = ended.error !== null;
  const untilMs = atMs + quietMsOf(resetAfterMs);
  outcomes.push({ name, hasFailed, isProbe, atMs, failureThreshold, resetAfterMs, untilMs });
}

/** The attempt that the event ends, with its error. */
function endOf(event: RunEvent): {
  readonly path: string;
  readonly attempt: number;
  readonly error: StepError | null;
} | null {
  switch (event.type) {
    case "step.succeeded":
      // What an operator completes it with is no answer of the other side.
      return event.attempt === undefined || event.outputRef !== undefined
        ? null
        : { path: event.path, attempt: event.attempt, error: null };
    case "step.failed":
      return event.attempt === undefined
        ? null
        : { path: event.path, attempt: event.attempt, error: event.error };
    case "step.retry_scheduled":
      return { path: event.path, attempt: event.attempt - 1, error: event.error };
    default:
      return null;
  }
}
