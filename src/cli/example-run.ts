/** The demo's run: the unfinished one of an earlier start, or a new one. */
import type { Engine, RunView } from "#engine/engine.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";

export async function continueOrStart(
  engine: Engine,
  definition: WorkflowDefinition,
): Promise<RunView> {
  const { items } = await engine.list(LOCAL_CONTEXT, {
    workflow: definition.name,
    status: ["queued", "running", "waiting", "paused"],
    limit: 1,
  });
  const unfinished = items[0] === undefined ? null : await engine.get(LOCAL_CONTEXT, items[0].id);
  if (unfinished !== null) return unfinished;
  return (await engine.start(LOCAL_CONTEXT, { workflow: definition })).run;
}
