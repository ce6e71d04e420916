/**
 * Triggers inside the writer's transaction: what a version brings, and what is saved of one of them.
 * The promises stand in ports/triggers.ts.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { TriggerText } from "#ports/triggers.ts";
import {
  MARKS_KEPT,
  type TriggerKey,
  type TriggerMark,
  type TriggerSave,
} from "#ports/triggers.ts";
import type { StoredTrigger } from "../trigger-row.ts";
import type { Connection } from "./connection.ts";
import { ADD_TRIGGER_MARK } from "./sql/add-trigger-mark.ts";
import { DEFINITION_TRIGGERS } from "./sql/definition-triggers.ts";
import { DROP_TRIGGER } from "./sql/drop-trigger.ts";
import { FIND_TRIGGER } from "./sql/find-trigger.ts";
import { FORGET_TRIGGER_MARKS } from "./sql/forget-trigger-marks.ts";
import { HOOK_OWNER } from "./sql/hook-owner.ts";
import { SAVE_TRIGGER } from "./sql/save-trigger.ts";

interface Owner {
  readonly tenant: string;
  readonly nowMs: number;
}

/** The triggers of a workflow's new version (T2). */
export function bringTriggers(
  connection: Connection,
  { tenant, workflow, nowMs }: Owner & { readonly workflow: string },
  texts: readonly TriggerText[],
): void {
  const there = connection.all<StoredTrigger>(DEFINITION_TRIGGERS, tenant, workflow);
  for (const { id } of there)
    if (!texts.some((text) => text.id === id)) connection.run(DROP_TRIGGER, tenant, workflow, id);
  for (const text of texts) {
    const before = connection.get<StoredTrigger>(FIND_TRIGGER, tenant, workflow, text.id);
    const isKind = before?.kind === text.kind;
    const isSame = isKind && before.spec === text.spec;
    if (isSame && before.source === "definition") continue;
    write(connection, { tenant, nowMs }, text, {
      ...{ kind: text.kind, lookup: text.lookup, spec: text.spec, source: "definition" },
      paused: before?.paused ?? null,
      state: isKind ? before.state : text.state,
      dueAtMs: isKind && text.kind === "schedule" ? nowMs : text.dueAtMs,
      revision: (before?.revision ?? 0) + 1,
    });
  }
}

/** Whether it was written (T1). */
export function saveTrigger(
  connection: Connection,
  { tenant, nowMs, ...change }: TriggerSave & Owner,
): boolean {
  const { workflow, id, revision, to, marks } = change;
  const there = connection.get<StoredTrigger>(FIND_TRIGGER, tenant, workflow, id);
  if ((there?.revision ?? 0) !== revision) return false;
  if (to === null) connection.run(DROP_TRIGGER, tenant, workflow, id);
  else {
    const paused = to.paused === null ? null : JSON.stringify(to.paused);
    write(connection, { tenant, nowMs }, change, { ...to, paused, revision: revision + 1 });
  }
  for (const mark of marks) addMark(connection, tenant, change, mark);
  if (marks.length > 0) connection.run(FORGET_TRIGGER_MARKS, tenant, workflow, id, MARKS_KEPT);
  return true;
}

function write(
  connection: Connection,
  { tenant, nowMs }: Owner,
  { workflow, id }: TriggerKey,
  to: Omit<StoredTrigger, "tenant" | "workflow" | "id" | "createdAtMs" | "changedAtMs">,
): void {
  const { kind, source, lookup, revision, dueAtMs, paused, spec, state } = to;
  if (kind === "webhook") refuseTaken(connection, tenant, { workflow, id, lookup });
  connection.run(
    SAVE_TRIGGER,
    ...([tenant, workflow, id, kind, source, lookup] as const),
    ...([revision, nowMs, dueAtMs, paused, spec, state] as const),
  );
}

function refuseTaken(
  connection: Connection,
  tenant: string,
  { workflow, id, lookup }: TriggerKey & Pick<TriggerText, "lookup">,
): void {
  const owner = connection.get<TriggerKey>(HOOK_OWNER, tenant, lookup, workflow, id);
  if (owner === undefined) return;
  throw new LockstitchError(
    "action_refused",
    `Webhook ${lookup} is trigger ${owner.id} of workflow ${owner.workflow} already: choose another path or method.`,
    { details: { workflow: owner.workflow, trigger: owner.id } },
  );
}

function addMark(
  connection: Connection,
  tenant: string,
  { workflow, id }: TriggerKey,
  { kind, instantMs, untilMs, runId, reason, atMs }: TriggerMark,
): void {
  const key = [tenant, workflow, id] as const;
  connection.run(ADD_TRIGGER_MARK, ...key, kind, instantMs, untilMs, runId, reason, atMs);
}
