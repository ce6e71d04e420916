/** Saves a definition as the newest version of its name, and tells those who keep what is the newest. */
import type { CallContext } from "#ports/call-context.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import { checkedText } from "#workflow/check.ts";
import { type CheckedText, isCheckedText } from "#workflow/checked-text.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { triggerTexts } from "../triggers/trigger-text.ts";
import type { EngineCore } from "./engine-core.ts";

/** Throws definition_invalid, also where the workflows would run each other in a circle. */
export async function saveWorkflow(
  { options: { store, clock, nodes }, plans }: EngineCore,
  context: CallContext,
  definition: WorkflowDefinition | CheckedText,
): Promise<WorkflowVersion & { readonly created: boolean }> {
  const { name, hash, json } = isCheckedText(definition)
    ? definition
    : checkedText(definition, nodes);
  await plans.dependencies.refuseCycle(context, name, json);
  const atMs = clock.nowMs();
  // Most have none, and reading a long text again is not free.
  const { triggers } = json.includes('"triggers":')
    ? (JSON.parse(json) as Pick<WorkflowDefinition, "triggers">)
    : {};
  const saved = await store.catalogue.save(context, {
    ...{ name, hash, definition: json, atMs },
    triggers: triggerTexts(context.tenant, { name, triggers }, atMs),
  });
  plans.saved(context, saved.name, saved.version);
  return saved;
}
