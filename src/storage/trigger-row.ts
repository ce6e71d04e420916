/** Triggers as stores keep them: `paused` is JSON text. */
import type { TriggerPause, TriggerRow } from "#ports/triggers.ts";

export type StoredTrigger = Omit<TriggerRow, "paused"> & { readonly paused: string | null };

export function triggerRow({ paused, ...row }: StoredTrigger): TriggerRow {
  return { ...row, paused: paused === null ? null : (JSON.parse(paused) as TriggerPause) };
}
