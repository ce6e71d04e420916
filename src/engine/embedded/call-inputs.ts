/** What people's calls about a run or a step are to the kernel: who decided what, and why, as one input. */
import { LockstitchError } from "#errors/errors.ts";
import type { Input } from "#kernel/inputs.ts";
import { OUTPUT_SIZE_MAX } from "#nodes/attempt.ts";
import type { NodeServices } from "#nodes/define-node.ts";
import { toOwnJson } from "#nodes/pure/plain-json.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Engine, LabelChange, PriorityChange, StepResolution } from "../engine.ts";
import { engineContext } from "./run-facts.ts";
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

/** A signal of a step, whose code may be the user's: it may go on to use what it has sent. */
export function stepSignal(signal: Parameters<NodeServices["sendSignal"]>[0]) {
  const { tenant, runId, name, key, payload, id } = signal;
  const plain = toOwnJson(payload, OUTPUT_SIZE_MAX);
  const input: Input = { kind: "signal", id, name, key, payload: plain, by: "step" };
  return { context: engineContext(tenant), runId, input };
}

export function labelInput(
  { principal }: CallContext,
  { set = {}, remove = [], reason }: LabelChange,
  labelsMax: number,
): Input {
  checkLabels(set, labelsMax);
  const change = { set: { ...set }, remove: [...remove] };
  return { kind: "label", ...change, labelsMax, by: principal, reason: reason ?? null };
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
