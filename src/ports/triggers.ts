/**
 * What starts workflows by itself: schedules, events and webhooks, each by tenant, workflow and name,
 * with what is known of a schedule's past. Triggers of a definition come with the version that has
 * them (Catalogue.save), those of the API with save().
 *
 * Promises (test/contract/triggers.ts):
 *   T1. save() writes only where the trigger has the revision that the caller has seen (0: there is
 *       none), so of two hosts that decide the same instant one has decided. It is durable when it
 *       resolves, with its marks in the same transaction.
 *   T2. Saving a version brings its triggers in the same transaction: one whose text is the same stays
 *       as it is, a changed schedule keeps state and pause and is due at once, one that is gone goes.
 *       A version that is the newest already changes nothing.
 *   T3. due() answers what is due at the instant the caller names, of all tenants, what is due
 *       longest first.
 *   T4. Of each trigger the newest MARKS_KEPT marks stay.
 *   T5. A webhook's method and path belong to one trigger of a tenant: another gets action_refused.
 *   T6. Tenants never see each other's.
 *
 * Instants are epoch milliseconds. `spec` and `state` are JSON text, opaque here.
 */
import type { CallContext } from "./call-context.ts";

export const MARKS_KEPT = 200;

export type TriggerKind = "schedule" | "event" | "webhook";

export interface TriggerKey {
  readonly workflow: string;
  readonly id: string;
}

export interface TriggerText extends TriggerKey {
  readonly kind: TriggerKind;
  /** What an event or a request finds it by: the event's name, `POST orders`; "" for schedules. */
  readonly lookup: string;
  readonly spec: string;
  /** Of a schedule that begins. */
  readonly state: string;
  /** When somebody must look at it next; null: never. */
  readonly dueAtMs: number | null;
}

export interface TriggerPause {
  readonly by: string;
  readonly reason: string | null;
  readonly atMs: number;
}

export interface TriggerRow extends TriggerText {
  readonly tenant: string;
  /** Grows with each change. */
  readonly revision: number;
  /** `definition`: it comes and goes with the workflow's versions. */
  readonly source: "definition" | "api";
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly paused: TriggerPause | null;
}

export type TriggerMarkKind = "fired" | "skipped" | "missed" | "failed";

/** What came of an instant, or of all from `instantMs` to `untilMs`. */
export interface TriggerMark {
  readonly kind: TriggerMarkKind;
  readonly instantMs: number;
  /** null: one instant. */
  readonly untilMs: number | null;
  readonly runId: string | null;
  readonly reason: string | null;
  readonly atMs: number;
}

export interface TriggerSave extends TriggerKey {
  /** What the caller has seen; 0: there is none. */
  readonly revision: number;
  /** null: it goes. */
  readonly to:
    | (Omit<TriggerText, "workflow" | "id"> & Pick<TriggerRow, "source" | "paused">)
    | null;
  readonly marks: readonly TriggerMark[];
}

export interface TriggerFilter {
  readonly workflow?: string | undefined;
  readonly kind?: TriggerKind | undefined;
}

export interface Triggers {
  find(context: CallContext, key: TriggerKey): Promise<TriggerRow | null>;
  /** By workflow and name; `cursor` is opaque, from the answer before. */
  list(
    context: CallContext,
    filter: TriggerFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly TriggerRow[]; readonly cursor: string | null }>;
  /** Those that an event or a request finds, paused ones too. */
  matching(context: CallContext, kind: TriggerKind, lookup: string): Promise<readonly TriggerRow[]>;
  due(nowMs: number, limit: number): Promise<readonly TriggerRow[]>;
  /** When the next one is due; null: none ever. */
  nextDueAtMs(): Promise<number | null>;
  /** false: it has another revision by now, and nothing was written. Throws action_refused (T5). */
  save(context: CallContext, change: TriggerSave): Promise<boolean>;
  /** Newest first. */
  marks(context: CallContext, key: TriggerKey, limit: number): Promise<readonly TriggerMark[]>;
}
