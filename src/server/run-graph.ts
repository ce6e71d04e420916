/**
 * The live graph of a run: the workflow's shape with what its step instances are doing. Instances
 * of one step (items, passes, attempts of a block) share its node and are counted by status.
 *
 * G1. A node's status is the one of its instances that a person should see first (FIRST).
 * G2. A slot (a branch, `then`, `catch`) has no instances; it shows the first of its steps' statuses.
 * G3. A node that no instance has reached is `pending`, also in a run that has ended.
 */

import { isoOrNull } from "#client/wire/instants.ts";
import type { GraphJson, GraphNodeJson } from "#client/wire/run-reads.ts";
import type { Engine, RunStateView, StepView } from "#engine/engine.ts";
import type { CallContext } from "#ports/call-context.ts";
import { COMPENSATE } from "#workflow/control-steps.ts";
import { formatPath, parsePath } from "#workflow/path.ts";
import type { StepStatus } from "#workflow/statuses.ts";
import { runNotFound } from "./routes/runs.ts";
import type { WorkflowReader } from "./workflow-reader.ts";
import type { WorkflowShape } from "./workflow-shape.ts";

const FIRST: readonly StepStatus[] = [
  "running",
  "retrying",
  "waiting",
  "failed",
  "cancelled",
  "blocked",
  "pending",
  "succeeded",
  "skipped",
];

/** Reads state and definition and joins them. run_not_found. */
export async function runGraph(
  engine: Engine,
  workflows: WorkflowReader,
  context: CallContext,
  runId: string,
): Promise<GraphJson> {
  const state = await engine.state(context, runId);
  const saved = await engine.findWorkflow(context, state.run.workflow, state.run.version);
  if (saved === null) throw runNotFound(runId);
  return joinGraph(await workflows.shape(saved.definition, saved.hash), state);
}

/** Joins a shape with a run's state. */
export function joinGraph(shape: WorkflowShape, state: RunStateView): GraphJson {
  const instances = new Map<string, StepView[]>();
  for (const step of state.steps) {
    const path = staticPath(step.path);
    const known = instances.get(path);
    if (known === undefined) instances.set(path, [step]);
    else known.push(step);
  }
  const nodes = shape.nodes.map((node) => ({
    ...node,
    ...summaryOf(instances.get(instancePath(node.path)) ?? []),
  }));
  // Inner slots stand after outer ones: from the end, each finds its steps' statuses settled.
  for (const slot of nodes.toReversed())
    if (slot.kind === "slot")
      slot.status = foremost(
        nodes.filter(({ parent }) => parent === slot.path).map(({ status }) => status),
      );
  return {
    runId: state.run.id,
    status: state.run.status,
    seq: state.run.seq,
    nodes,
    edges: shape.edges.map((edge) => ({ ...edge })),
  };
}

/** The clauses of a try share one path; only their nodes are told apart. */
function instancePath(nodePath: string): string {
  return nodePath.replaceAll(/\.\["catch\.\d+"\]/g, ".catch");
}

/**
 * The path of the step in the definition: `lines[3].price` is `lines.price`, and what undoes a step
 * (`trip.compensate["trip.hotel"].cancel`) stands beside that step.
 */
export function staticPath(path: string): string {
  const segments = parsePath(path);
  if (segments === null) return path;
  let ids: { readonly id: string }[] = [];
  for (const { id, item } of segments)
    ids =
      id === COMPENSATE && typeof item === "string"
        ? [...(parsePath(staticPath(item)) ?? []), { id }]
        : [...ids, { id }];
  return formatPath(ids);
}

function foremost(statuses: readonly StepStatus[]): StepStatus {
  return FIRST.find((status) => statuses.includes(status)) ?? "pending";
}

type Summary = Pick<
  GraphNodeJson,
  "status" | "attempts" | "instances" | "counts" | "startedAt" | "endedAt" | "error" | "progress"
>;

function summaryOf(steps: readonly StepView[]): Summary {
  const counts: Record<string, number> = {};
  let attempts = 0;
  let startedAtMs: number | null = null;
  let endedAtMs: number | null = null;
  let failed: StepView | null = null;
  for (const step of steps) {
    counts[step.status] = (counts[step.status] ?? 0) + 1;
    attempts += step.attempts;
    failed ??= step.error === null ? null : step;
    if (step.startedAtMs !== null)
      startedAtMs = Math.min(startedAtMs ?? step.startedAtMs, step.startedAtMs);
    if (step.endedAtMs !== null) endedAtMs = Math.max(endedAtMs ?? step.endedAtMs, step.endedAtMs);
  }
  const isSettled = steps.length > 0 && steps.every((step) => step.endedAtMs !== null);
  return {
    status: foremost(steps.map(({ status }) => status)),
    attempts,
    instances: steps.length,
    counts,
    startedAt: isoOrNull(startedAtMs),
    endedAt: isSettled ? isoOrNull(endedAtMs) : null,
    error: failed?.error ?? null,
    // Of one instance; several have no common measure.
    ...(steps.length === 1 && steps[0]?.progress !== undefined
      ? { progress: steps[0].progress }
      : {}),
  };
}
