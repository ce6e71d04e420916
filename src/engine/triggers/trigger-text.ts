/** Triggers of a definition, or of the API, as rows of ports/triggers.ts. */
import type { TriggerText } from "#ports/triggers.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type NamedTrigger, namedTriggers } from "#workflow/trigger-definition.ts";
import { decideSchedule } from "./decide-schedule.ts";
import { newState, scheduleOf } from "./schedule-state.ts";

/** What `definition` has from now on. */
export function triggerTexts(
  tenant: string,
  { name, triggers }: Pick<WorkflowDefinition, "name" | "triggers">,
  nowMs: number,
): readonly TriggerText[] {
  return namedTriggers(triggers).map((trigger) => triggerText(tenant, name, trigger, nowMs));
}

export function triggerText(
  tenant: string,
  workflow: string,
  trigger: NamedTrigger,
  nowMs: number,
): TriggerText {
  const { kind, id, spec } = trigger;
  // The name is beside it: writing it down does not make another trigger.
  const text = JSON.stringify({ ...spec, id: undefined });
  const plain = { workflow, id, kind, spec: text, state: "{}", dueAtMs: null, lookup: "" };
  if (trigger.kind === "event") return { ...plain, lookup: trigger.spec.name };
  if (trigger.kind === "webhook") return { ...plain, lookup: hookLookup(trigger.spec) };
  const name = { tenant, workflow, id };
  const now = { nowMs, open: new Set<string>(), isPaused: false };
  const begun = decideSchedule(name, scheduleOf(plain), newState(text, nowMs), now);
  return { ...plain, state: JSON.stringify(begun.state), dueAtMs: begun.dueAtMs };
}

/** What a request finds its webhook by. */
export function hookLookup(hook: { readonly method?: string | undefined; readonly path: string }) {
  return `${hook.method ?? "POST"} ${hook.path}`;
}
