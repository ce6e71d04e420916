/**
 * The story of each step instance, folded from the journal alone: what state leaves behind once a
 * scope has closed. For `GET /runs/{id}/state`, `run --all-steps` and the page.
 */
import type { StepError } from "#errors/step-error.ts";
import { COMPENSATE } from "#workflow/control-steps.ts";
import { parsePath } from "#workflow/path.ts";
import type { Plan, PlanScope, PlanStep } from "#workflow/plan.ts";
import type { StepStatus } from "#workflow/statuses.ts";
import type { MemoOrigin, Progress, RunEvent } from "./events.ts";
import { NULL_REF, refOf, type ValueRef } from "./value-ref.ts";

/** A row is made by the first event about its step. */
type StepRowStatus = Exclude<StepStatus, "pending">;

export interface StepRow {
  readonly path: string;
  readonly id: string;
  readonly uses: string;
  status: StepRowStatus;
  attempts: number;
  output: ValueRef;
  error: StepError | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
  /** The attempt whose remembered result this step has; null: one of its own. */
  memo: MemoOrigin | null;
  /** How far the attempt under way says it is; missing: it does not say. */
  progress?: Progress;
  /** True for steps inside a scope of another step. */
  readonly inner: boolean;
}

/** Folds events into rows, in order of first mention. */
export class StepHistory {
  readonly #plan: Plan;
  readonly #rows = new Map<string, StepRow>();
  readonly #declared = new Map<string, string>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  rows(): StepRow[] {
    return [...this.#rows.values()];
  }

  row(path: string): StepRow | undefined {
    return this.#rows.get(path);
  }

  add(event: RunEvent, seq: number, atMs: number): void {
    if (event.type === "step.declared") {
      this.#declared.set(event.path, event.step.uses);
      this.#row(event.path);
      return;
    }
    const isStep = event.type.startsWith("step.") || event.type === "child.started";
    if (!isStep || !("path" in event) || event.path === undefined) return;
    this.#apply(this.#row(event.path), event, seq, atMs);
  }

  #apply(row: StepRow, event: RunEvent, seq: number, atMs: number): void {
    switch (event.type) {
      case "step.scheduled":
        row.status = "waiting";
        return;
      case "step.started":
        row.status = "running";
        row.attempts = event.attempt;
        row.startedAtMs ??= atMs;
        delete row.progress;
        return;
      case "step.waiting":
      case "child.started":
        row.status = "waiting";
        row.attempts = Math.max(1, row.attempts);
        row.startedAtMs ??= atMs;
        return;
      case "step.retry_scheduled":
        row.status = "retrying";
        delete row.progress;
        row.error = event.error;
        return;
      case "step.heartbeat":
        if (event.progress !== undefined) row.progress = event.progress;
        return;
      case "step.memo_hit":
        row.memo = event.from;
        return;
      case "step.lost":
        row.status = "waiting";
        delete row.progress;
        return;
      case "step.succeeded":
        row.output = event.outputRef ?? refOf(event.output, seq, "output");
        row.error = null;
        return this.#end(row, "succeeded", atMs);
      case "step.failed":
        row.error = event.error;
        row.output = refOf(event.output, seq, "output");
        return this.#end(row, "failed", atMs);
      case "step.skipped":
        return this.#end(row, "skipped", atMs);
      case "step.blocked":
        return this.#end(row, "blocked", atMs);
      case "step.cancelled":
        return this.#end(row, "cancelled", atMs);
      default:
        return;
    }
  }

  #end(row: StepRow, status: StepRowStatus, atMs: number): void {
    row.status = status;
    row.endedAtMs = atMs;
    delete row.progress;
    if (status === "succeeded" || status === "failed") {
      if (row.memo === null) row.attempts = Math.max(1, row.attempts);
      row.startedAtMs ??= atMs;
    }
  }

  #row(path: string): StepRow {
    const existing = this.#rows.get(path);
    if (existing !== undefined) return existing;
    const step = stepOfPath(this.#plan, path);
    const row: StepRow = {
      path,
      id: step?.id ?? parsePath(path)?.at(-1)?.id ?? path,
      uses: step?.uses ?? this.#declared.get(path) ?? "",
      status: "waiting",
      attempts: 0,
      output: NULL_REF,
      error: null,
      startedAtMs: null,
      endedAtMs: null,
      memo: null,
      inner: step === null ? (parsePath(path)?.length ?? 1) > 1 : step.scope.owner !== null,
    };
    this.#rows.set(path, row);
    return row;
  }
}

/** The planned step that the path of an instance belongs to; null where the plan has none (dynamic scopes). */
export function stepOfPath(plan: Plan, path: string): PlanStep | null {
  const segments = parsePath(path);
  if (segments === null) return null;
  let scopes: readonly PlanScope[] = [plan.root];
  let step: PlanStep | null = null;
  for (const { id, item } of segments) {
    if (id === COMPENSATE && typeof item === "string" && step?.kind === "saga") {
      const undoes = stepOfPath(plan, item)?.compensate ?? null;
      scopes = undoes === null ? [] : [undoes];
      step = null;
      continue;
    }
    const found: PlanStep | null = stepIn(scopes, id);
    if (found !== null) {
      step = found;
      scopes = bodiesOf(found, "");
      continue;
    }
    // The segment names a slot (`left`, `catch`, `finally`): the next one is a step inside it.
    scopes = step === null ? (plan.finally === null ? [] : [plan.finally]) : bodiesOf(step, id);
    step = null;
  }
  return step;
}

function stepIn(scopes: readonly PlanScope[], id: string): PlanStep | null {
  for (const scope of scopes) {
    const position = scope.positions.get(id);
    const step = position === undefined ? undefined : scope.steps[position];
    if (step !== undefined) return step;
  }
  return null;
}

/** The inner scopes of `step` whose paths go on with `segment`; several catch clauses share one. */
function bodiesOf(step: PlanStep, segment: string): PlanScope[] {
  return [...step.bodies.values()].filter((scope) => scope.pathSegment === segment);
}
