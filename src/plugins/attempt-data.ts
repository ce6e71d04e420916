/**
 * What of an attempt's context is data: what may go to another process, and what a call on the
 * attempt's behalf takes over. The rest of a context are functions, a signal and what the host lends.
 *
 *   D1. Its members are read one by one: a context makes some of them when they are first read.
 */
import type { NodeContext } from "#nodes/define-node.ts";

export type AttemptData = Pick<
  NodeContext,
  | "runId"
  | "path"
  | "workflow"
  | "tenant"
  | "idempotencyKey"
  | "attempt"
  | "deadlineAtMs"
  | "lastHeartbeat"
>;

export function dataOf(context: NodeContext): AttemptData {
  return {
    runId: context.runId,
    path: context.path,
    workflow: context.workflow,
    tenant: context.tenant,
    idempotencyKey: context.idempotencyKey,
    attempt: context.attempt,
    deadlineAtMs: context.deadlineAtMs,
    lastHeartbeat: context.lastHeartbeat,
  };
}
