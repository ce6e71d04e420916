/** Triggers inside a transaction: what a version brings, and what is saved of one (ports/triggers.ts). */
import { LockstitchError } from "#errors/errors.ts";
import {
  MARKS_KEPT,
  type TriggerKey,
  type TriggerSave,
  type TriggerText,
} from "#ports/triggers.ts";
import type { StoredTrigger } from "../trigger-row.ts";
import type { Ask } from "./connection.ts";
import { ADD_TRIGGER_MARK } from "./sql/add-trigger-mark.ts";
import { DEFINITION_TRIGGERS } from "./sql/definition-triggers.ts";
import { DROP_TRIGGER } from "./sql/drop-trigger.ts";
import { FORGET_TRIGGER_MARKS } from "./sql/forget-trigger-marks.ts";
import { HOOK_OWNER } from "./sql/hook-owner.ts";
import { LOCK_TRIGGER } from "./sql/lock-trigger.ts";
import { SAVE_TRIGGER } from "./sql/save-trigger.ts";

interface Owner {
  readonly tenant: string;
  readonly nowMs: number;
}

/** The triggers of a workflow's new version (T2). */
export async function bringTriggers(
  ask: Ask,
  { tenant, workflow, nowMs }: Owner & { readonly workflow: string },
  texts: readonly TriggerText[],
): Promise<void> {
  const { rows: there } = await ask<StoredTrigger>(DEFINITION_TRIGGERS, tenant, workflow);
  for (const { id, revision } of there)
    if (!texts.some((text) => text.id === id))
      await ask(DROP_TRIGGER, tenant, workflow, id, revision);
  for (const text of texts) {
    const [before] = (await ask<StoredTrigger>(LOCK_TRIGGER, tenant, workflow, text.id)).rows;
    const isKind = before?.kind === text.kind;
    if (isKind && before.spec === text.spec && before.source === "definition") continue;
    await write(ask, { tenant, nowMs }, text, {
      ...{ kind: text.kind, lookup: text.lookup, spec: text.spec, source: "definition" },
      paused: before?.paused ?? null,
      state: isKind ? before.state : text.state,
      dueAtMs: isKind && text.kind === "schedule" ? nowMs : text.dueAtMs,
      revision: (before?.revision ?? 0) + 1,
    });
  }
}

/** Whether it was written (T1). */
export async function saveTrigger(
  ask: Ask,
  { tenant, nowMs }: Owner,
  { workflow, id, revision, to, marks }: TriggerSave,
): Promise<boolean> {
  const key = [tenant, workflow, id] as const;
  if (to === null) {
    if ((await ask(DROP_TRIGGER, ...key, revision)).rows.length === 0) return false;
  } else {
    // Without one, ON CONFLICT would insert whatever revision the caller has seen.
    const [there] = (await ask<StoredTrigger>(LOCK_TRIGGER, ...key)).rows;
    if ((there?.revision ?? 0) !== revision) return false;
    const paused = to.paused === null ? null : JSON.stringify(to.paused);
    const row = { ...to, paused, revision: revision + 1 };
    if (!(await write(ask, { tenant, nowMs }, { workflow, id }, row))) return false;
  }
  for (const { kind, instantMs, untilMs, runId, reason, atMs } of marks)
    await ask(ADD_TRIGGER_MARK, ...key, kind, instantMs, untilMs, runId, reason, atMs);
  if (marks.length > 0) await ask(FORGET_TRIGGER_MARKS, ...key, MARKS_KEPT);
  return true;
}

/** false: another host has written it first. */
async function write(
  ask: Ask,
  { tenant, nowMs }: Owner,
  { workflow, id }: TriggerKey,
  to: Omit<StoredTrigger, "tenant" | "workflow" | "id" | "createdAtMs" | "changedAtMs">,
): Promise<boolean> {
  const { kind, source, lookup, revision, dueAtMs, paused, spec, state } = to;
  if (kind === "webhook") {
    const [owner] = (await ask<TriggerKey>(HOOK_OWNER, tenant, lookup, workflow, id)).rows;
    if (owner !== undefined) throw hookTaken(lookup, owner);
  }
  const { rows } = await ask(
    SAVE_TRIGGER,
    ...[tenant, workflow, id, kind, source, lookup],
    ...[revision, nowMs, dueAtMs, paused, spec, state],
  );
  return rows.length > 0;
}

function hookTaken(lookup: string, owner: TriggerKey): LockstitchError {
  return new LockstitchError(
    "action_refused",
    `Webhook ${lookup} is trigger ${owner.id} of workflow ${owner.workflow} already: choose another path or method.`,
    { details: { workflow: owner.workflow, trigger: owner.id } },
  );
}
