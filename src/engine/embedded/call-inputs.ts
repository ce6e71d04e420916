/** What people's calls about a step are to the kernel: who decided what, and why, as one input. */
import type { Input } from "#kernel/inputs.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Engine, StepResolution } from "../engine.ts";

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
