/**
 * What starts workflows by itself, as operators and programs see it: schedules, events and webhooks.
 * Failures are LockstitchError with the codes named at each method.
 */
import type { CallContext } from "#ports/call-context.ts";
import type {
  TriggerFilter,
  TriggerKey,
  TriggerKind,
  TriggerMark,
  TriggerPause,
} from "#ports/triggers.ts";
import type { ScheduleTrigger } from "#workflow/trigger-definition.ts";
import type { RunView } from "./run-view.ts";

export type { TriggerOrigin } from "#kernel/run-links.ts";
export type { TriggerKey, TriggerMark } from "#ports/triggers.ts";

/** How a schedule does. */
export interface ScheduleFacts {
  /** When it fires next, jitter included; null: never, or it is paused. */
  readonly nextAtMs: number | null;
  readonly lastInstantMs: number | null;
  readonly lastRunId: string | null;
  /** Runs of it that are open, as far as it has looked; none where overlap is allowed. */
  readonly running: readonly string[];
  /** Instants that wait for an earlier run. */
  readonly waiting: number;
  readonly fired: number;
  readonly skipped: number;
  readonly missed: number;
  readonly failed: number;
  /** Why the start under way is tried again; null: it is not. */
  readonly trouble: string | null;
}

export interface TriggerView extends TriggerKey {
  readonly kind: TriggerKind;
  /** `definition`: it comes and goes with the workflow's versions. */
  readonly source: "definition" | "api";
  /** As it was written. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly paused: TriggerPause | null;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** null for events and webhooks. */
  readonly schedule: ScheduleFacts | null;
}

/** One instant to come. */
export interface Upcoming {
  readonly instantMs: number;
  /** With its jitter. */
  readonly dueAtMs: number;
  /** In the schedule's zone, such as `2026-03-29T03:00:00+02:00`. */
  readonly local: string;
}

export interface EmittedEvent {
  readonly name: string;
  readonly data?: unknown;
  /** The same id again starts nothing again; default: a new one. */
  readonly id?: string | undefined;
}

/** What came of one trigger. */
export interface TriggeredRun extends TriggerKey {
  readonly runId: string;
  /** False: it had been started by the same event or call before. */
  readonly created: boolean;
}

/** What became of an event. */
export interface Emitted {
  /** Of the event: given, or made. */
  readonly id: string;
  readonly runs: readonly TriggeredRun[];
  /** Triggers of that name whose filter or input could not be evaluated; recorded at them, too. */
  readonly failed: readonly (TriggerKey & { readonly reason: string })[];
}

/** A request below `/hooks/`. */
export interface HookRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
  /** Whether the server knows the caller by a key: enough for a webhook without a signature. */
  readonly isKnown: boolean;
  /** The caller hung up: nobody waits for the run any more. */
  readonly signal?: AbortSignal | undefined;
}

export interface HookAnswer extends TriggeredRun {
  /** The run, where the webhook waits for it and it has ended in time. */
  readonly ended: RunView | null;
}

export interface EngineTriggers {
  /** By workflow and name. request_invalid for a cursor that is none. */
  list(
    context: CallContext,
    filter: TriggerFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly TriggerView[]; readonly cursor: string | null }>;
  /** trigger_not_found. */
  get(context: CallContext, key: TriggerKey): Promise<TriggerView>;
  /** What came of its instants, newest first. trigger_not_found. */
  marks(context: CallContext, key: TriggerKey, limit: number): Promise<readonly TriggerMark[]>;
  /**
   * Makes a schedule beside those of the definition, or changes it. workflow_not_found,
   * request_invalid for one that never comes, action_refused where the definition has that name.
   */
  save(
    context: CallContext,
    key: TriggerKey,
    schedule: ScheduleTrigger,
  ): Promise<TriggerView & { readonly created: boolean }>;
  /** trigger_not_found, action_refused for one of a definition. */
  delete(context: CallContext, key: TriggerKey): Promise<void>;
  /** Idempotent, durable; instants meanwhile are skipped. trigger_not_found. */
  pause(context: CallContext, key: TriggerKey, reason?: string): Promise<TriggerView>;
  resume(context: CallContext, key: TriggerKey): Promise<TriggerView>;
  /** Starts a run now, whatever else is open, paused or not. trigger_not_found, as start. */
  fire(context: CallContext, key: TriggerKey, idempotencyKey?: string): Promise<TriggeredRun>;
  /** Instants after `afterMs` (default: now). trigger_not_found, request_invalid for no schedule. */
  preview(
    context: CallContext,
    key: TriggerKey,
    count: number,
    afterMs?: number,
  ): Promise<readonly Upcoming[]>;
  /** Starts a run for each trigger that the event fits. Answers once all are durable. As start. */
  emit(context: CallContext, event: EmittedEvent): Promise<Emitted>;
  /**
   * Starts the run of a webhook. not_found, unauthorized for a signature that does not fit,
   * run_exists for a key seen with another body; as start.
   */
  receive(context: CallContext, request: HookRequest): Promise<HookAnswer>;
}
