/** Saves a definition as the newest version of its name, and tells those who keep what is the newest. */
import type { CallContext } from "#ports/call-context.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import { checkedText } from "#workflow/check.ts";
import { type CheckedText, isCheckedText } from "#workflow/checked-text.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
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
  const saved = await store.catalogue.save(context, { name, hash, definition: json, atMs });
  plans.saved(context, saved.name, saved.version);
  return saved;
}
