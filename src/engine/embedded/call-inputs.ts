/** What people's calls about a run or a step are to the kernel: who decided what, and why, as one input. */
import { LockstitchError } from "#errors/errors.ts";
import type { Input } from "#kernel/inputs.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Engine, LabelChange, PriorityChange, StepResolution } from "../engine.ts";
import { checkLabels } from "./start-labels.ts";

type Payload = (value: unknown, name: string) => unknown;

export function approvalInput(
  { principal }: CallContext,
  path: string,
  decision: Parameters<Engine["decideApproval"]>[3],
  payload: Payload,
): Input {
  const { approved, comment, form } = decision;
  return {
    ...{ kind: "approval", path, approved, comment: comment ?? null, by: principal },
    form: form === undefined ? null : payload(form, "form"),
  };
}

export function labelInput(
  { principal }: CallContext,
  { set = {}, remove = [], reason }: LabelChange,
  labelsMax: number,
): Input {
  checkLabels(set, labelsMax);
  return { kind: "label", set, remove, labelsMax, by: principal, reason: reason ?? null };
}

export function priorityInput(
  { principal }: CallContext,
  { priority, reason }: PriorityChange,
): Input {
  if (!Number.isInteger(priority) || priority < 0 || priority > 10)
    throw new LockstitchError("request_invalid", `A priority is 0 to 10, not ${priority}.`);
  return { kind: "prioritize", priority, by: principal, reason: reason ?? null };
}

export function resolveInput(
  { principal }: CallContext,
  path: string,
  { action, reason, id, output, port, message }: StepResolution,
  payload: Payload,
): Input {
  return {
    ...{ kind: "resolve", path, action, by: principal, reason: reason ?? null, id: id ?? null },
    ...{ output: payload(output ?? null, "output"), port: port ?? null, message: message ?? null },
  };
}
