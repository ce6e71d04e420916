/**
 * What an operator decided about a step (see decide-operator.ts) and how it becomes the step's
 * outcome. Kept in the state from step.resolved until the step has settled, whatever settles it.
 */
import { fail, succeed } from "./outcome.ts";
import { ownField } from "./own-field.ts";
import type { StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** The port that a wait is completed with where the operator names none. */
export const PLAIN_PORTS: Readonly<Record<string, string>> = {
  "wait.signal": "received",
  "wait.approval": "approved",
};

export function isResolved({ state }: Turn, { path }: StepInstance): boolean {
  return ownField(state.resolutions, path) !== undefined;
}

/** Settles the step as decided. False: a fallback's values are missing (turn.needs). */
export function applyResolution(turn: Turn, instance: StepInstance): boolean {
  const resolution = ownField(turn.state.resolutions, instance.path);
  if (resolution === undefined) throw new Error(`nothing was decided about "${instance.path}"`);
  const { action, by, reason, output, port, message } = resolution;
  switch (action) {
    case "skip":
      emit(turn, { type: "step.skipped", path: instance.path, by: "operator" });
      return true;
    case "complete":
      succeed(turn, instance, {
        outputRef: output,
        port: port ?? PLAIN_PORTS[instance.step.kind] ?? null,
      });
      return true;
    case "fail": {
      const because = reason === null ? "." : `: ${reason}`;
      const error = {
        code: "operator_failed",
        message: message ?? `"${instance.path}" was failed by ${by}${because}`,
        retryable: false,
        details: { by, reason },
      };
      return fail(turn, instance, error, { mayRetry: false });
    }
  }
}
