/**
 * Events: one call starts a run for each trigger of that name whose filter it passes.
 *
 *   E1. The answer comes once every run is durable. A call that failed half way is made again with the
 *       same id: what it has started before is not started again.
 *   E2. A filter or input that cannot be evaluated keeps that trigger's run away, and no other's; it is
 *       answered, and recorded at the trigger.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Clock, Ids } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import type { TriggerRow, Triggers } from "#ports/triggers.ts";
import { hashText } from "#workflow/hash.ts";
import { EVENT_NAME, EventTrigger } from "#workflow/trigger-definition.ts";
import type { Engine } from "../engine.ts";
import type { Emitted, EmittedEvent, TriggeredRun } from "../engine-triggers.ts";
import { inputOf, passes } from "./trigger-input.ts";

export interface EventParts {
  readonly triggers: Triggers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter?: Meter | undefined;
  readonly ids: Ids;
  readonly engine: Pick<Engine, "start">;
}

const EVENT_ID_LENGTH_MAX = 255;

export async function emitEvent(
  parts: EventParts,
  context: CallContext,
  { name, data = null, id: given }: EmittedEvent,
): Promise<Emitted> {
  if (!EVENT_NAME.test(name))
    throw new LockstitchError(
      "request_invalid",
      `"${name.slice(0, 100)}" is no name of an event: letters, digits and . _ : / - only, at most 200.`,
    );
  const id = given ?? parts.ids.commitId();
  if (id === "" || id.length > EVENT_ID_LENGTH_MAX)
    throw new LockstitchError(
      "request_invalid",
      `The id of an event has 1 to ${EVENT_ID_LENGTH_MAX} characters.`,
    );
  const runs: TriggeredRun[] = [];
  const failed: Emitted["failed"][number][] = [];
  for (const row of await parts.triggers.matching(context, "event", name)) {
    if (row.paused !== null) {
      parts.meter?.called("event", "paused");
      continue;
    }
    const outcome = await fire(parts, context, row, { name, data, id });
    if (outcome === null) continue;
    if ("reason" in outcome) failed.push(outcome);
    else runs.push(outcome);
  }
  return { id, runs, failed };
}

/** null: it does not pass the filter. */
async function fire(
  { engine, clock, logger, meter, triggers }: EventParts,
  context: CallContext,
  row: TriggerRow,
  event: { readonly name: string; readonly data: unknown; readonly id: string },
): Promise<TriggeredRun | Emitted["failed"][number] | null> {
  const { workflow, id } = row;
  const spec = EventTrigger.parse(JSON.parse(row.spec));
  const trigger = { kind: "event", id, name: event.name, eventId: event.id, data: event.data };
  const fired = { workflow, id, trigger };
  try {
    if (!passes(fired, spec.filter)) {
      meter?.called("event", "filtered");
      return null;
    }
    const by = { ...context, principal: `event:${id}` };
    const { run, created } = await engine.start(by, {
      workflow,
      input: inputOf(fired, spec.input, event.data),
      idempotencyKey: `event:${workflow}/${id}:${hashText(event.id)}`,
      trigger: { kind: "event", id, event: event.name, eventId: event.id },
    });
    meter?.called("event", created ? "started" : "repeated");
    return { workflow, id, runId: run.id, created };
  } catch (error) {
    meter?.called("event", "failed");
    if (!(error instanceof LockstitchError) || error.code !== "input_invalid") throw error;
    logger.warn({ workflow, trigger: id, event: event.name }, error.message);
    const { tenant: _tenant, createdAtMs: _created, changedAtMs: _changed, ...to } = row;
    const nowMs = clock.nowMs();
    const of = { instantMs: nowMs, untilMs: null, runId: null, atMs: nowMs };
    // Where another one is recorded at this moment, that one is enough.
    await triggers.save(context, {
      ...{ workflow, id, revision: row.revision, to },
      marks: [{ kind: "failed", ...of, reason: error.message }],
    });
    return { workflow, id, reason: error.message };
  }
}
