/**
 * How a run comes to be that goes on in the place of another (workflow.continue). It always comes to
 * be if its workflow is there: one that cannot run begins and fails, so that whoever waits for the
 * chain is told.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { StepError } from "#errors/step-error.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { EngineCore } from "./engine-core.ts";
import type { Mail } from "./mail.ts";
import type { SuccessorStart } from "./messages.ts";
import type { PlannedWorkflow } from "./plans.ts";
import { beginByRun, checkedInput } from "./starts.ts";

/** Creates the successor with `mail`, which is settled with `exists` when it is there already. */
export async function startSuccessor(
  core: EngineCore,
  context: CallContext,
  send: SuccessorStart,
  mail: Omit<Mail, "input">,
): Promise<void> {
  const { toRunId, labels, priority, parent, continued } = send;
  if ((await core.options.store.journal.head(context, toRunId)) !== null)
    return mail.settle?.({ kind: "exists" });
  const workflow = await core.plans.find(context, send.workflow, send.version);
  const { input, fault } = inputOf(workflow, send.input, core.limits.inputBytesMax);
  const pins = await core.plans.dependencies.pinsOfNext(context, workflow, send.pins);
  const by = `run:${continued.fromRunId}`;
  const start = { input, labels, priority, parent, pins, by, continued: { ...continued, fault } };
  beginByRun(core, context, { toRunId, workflow, start, mail });
}

function inputOf(
  workflow: PlannedWorkflow,
  input: unknown,
  bytesMax: number,
): { readonly input: unknown; readonly fault: StepError | null } {
  try {
    return { input: checkedInput(workflow, input, bytesMax), fault: null };
  } catch (error) {
    if (!(error instanceof LockstitchError)) throw error;
    const { message } = error;
    return { input: null, fault: { code: "validation_failed", message, retryable: false } };
  }
}
