/**
 * `signal.send` sends a signal to a run. Its id comes from the step's idempotency key, so a repeat
 * of the attempt does not deliver twice.
 */
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { NodeError } from "#errors/step-error.ts";
import type { Json } from "#workflow/json.ts";
import { defineNode } from "./define-node.ts";

export const signalSend = defineNode({
  type: "signal.send",
  title: "Send a signal",
  description: "Sends a signal to a run, which a `wait.signal` there receives; delivered once.",
  category: "wait",
  icon: "send",
  pure: false,
  config: z.strictObject({
    runId: z.string().min(1).max(200).meta({ description: "The run that gets it" }),
    name: z.string().min(1).max(200).meta({ description: "What the wait there is called" }),
    key: z.union([z.string(), z.number()]).optional().meta({
      description: "Only a wait with the same key receives it; numbers are compared as text",
    }),
    payload: z.unknown().optional().meta({ description: "What the wait outputs" }),
  }),
  output: z.strictObject({ runId: z.string(), name: z.string(), id: z.string() }),
  errors: ["failed"],
  examples: [
    {
      title: "To a run that waits for payments",
      with: { runId: "order-7", name: "paid", payload: { amount: 12 } },
      output: { runId: "order-7", name: "paid" },
    },
    {
      title: "To one wait of several",
      with: { runId: "order-7", name: "shipped", key: 42 },
      output: { runId: "order-7", name: "shipped" },
    },
  ],
  async run({ runId, name, key, payload }, { services, tenant, idempotencyKey }) {
    const id = `step:${idempotencyKey}`;
    try {
      await services.sendSignal({
        tenant,
        runId,
        name,
        key: key === undefined ? null : String(key),
        payload: (payload ?? null) as Json,
        id,
      });
    } catch (error) {
      throw sendError(error, runId, name);
    }
    return { runId, name, id };
  },
});

function sendError(error: unknown, runId: string, name: string): unknown {
  if (!(error instanceof LockstitchError)) return error;
  return new NodeError("failed", `Signal ${name} to run ${runId}: ${error.message}`, {
    retryable: ["signals_full", "store_unavailable", "shutting_down"].includes(error.code),
    details: { code: error.code, runId, name },
    cause: error,
  });
}
