/** What ties a run to others: its parent, the run that it goes on for, the versions they share, what started it. */
import type { TriggerKind } from "#workflow/trigger-definition.ts";

export interface ParentLink {
  readonly runId: string;
  readonly path: string;
  /** 1 for a child of a run that has no parent. */
  readonly depth: number;
  readonly wait: boolean;
}

/** Version by name of a workflow. */
export type Pins = Readonly<Record<string, number>>;

/** Where a run goes on. */
export interface Continued {
  readonly fromRunId: string;
  readonly chainId: string;
  /** Ids of the last signals that the chain has received: none of them counts again. */
  readonly signalIds: readonly string[];
}

/** What started a run: journaled with `run.queued`. */
export interface TriggerOrigin {
  readonly kind: TriggerKind;
  /** The trigger's name; it belongs to the run's workflow. */
  readonly id: string;
  /** Of a schedule: the instant, without jitter. */
  readonly instantMs?: number;
  /** Of an event: its name and id. */
  readonly event?: string;
  readonly eventId?: string;
  /** Of a webhook: method and path. */
  readonly hook?: string;
  /** It was fired by hand. */
  readonly isManual?: boolean;
}
