/**
 * Compiles a definition into the plan that the kernel runs (plan.ts, P1-P3), and reports
 * everything about steps, names and edges that is wrong with it on the way. One walk does both, so
 * that a definition which validates has its plan already.
 *
 * buildPlan expects a definition of the right shape (definition.ts); check.ts repairs what is not,
 * so that one mistake does not hide the others.
 */
import { CONTROL_STEPS, type InnerScope, innerScopes } from "./control-steps.ts";
import type { Defaults, Step, WorkflowDefinition } from "./definition.ts";
import { durationMs } from "./duration.ts";
import type { Expression, Template } from "./expression/expression.ts";
import { hashJson } from "./hash.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Plan, PlanCatch, PlanScope, PlanStep, StepKind } from "./plan.ts";
import { planCases } from "./plan-cases.ts";
import { planCondition, planConfig } from "./plan-config.ts";
import { connect, leavesOf, reportCycles } from "./plan-edges.ts";
import { atEndOf, ExpressionCompiler, type Place } from "./plan-expressions.ts";
import { PlanFolding } from "./plan-folding.ts";
import { checkId, checkItemName, reportUnknownType } from "./plan-ids.ts";
import {
  CLEANUP_MS_DEFAULT,
  mergeDefaults,
  planGates,
  planMemo,
  planRetry,
  policiesOf,
} from "./plan-policies.ts";
import { rankSteps } from "./plan-ranks.ts";
import { reportUnreachable } from "./plan-reachable.ts";
import { planUpdate } from "./plan-update.ts";
import {
  definitionInvalid,
  type Finding,
  type Pointer,
  problemOf,
  type Report,
} from "./problem.ts";
import { secretNamesOf } from "./secret-reads.ts";

export const STEPS_MAX = 10_000;
export const LEVELS_MAX = 32;

export interface PlanOptions {
  /** The definition's, where it is known. */
  readonly hash?: string;
  /** Folds constants and ranks steps (plan-optimisation.ts); default: no. */
  readonly optimise?: boolean;
}

/**
 * The plan of a canonical definition. Throws LockstitchError definition_invalid with every problem
 * that the plan shows; shape and node configuration are checked by parseWorkflow and
 * checkDefinition only.
 */
export function compilePlan(
  definition: WorkflowDefinition,
  nodes: NodeTypes,
  options?: PlanOptions,
): Plan {
  return whole(compilePlanByParts(definition, nodes, options));
}

/** The same, a few steps at a time: between two parts others may go first. */
export function* compilePlanByParts(
  definition: WorkflowDefinition,
  nodes: NodeTypes,
  { hash, optimise = false }: PlanOptions = {},
): Generator<void, Plan, void> {
  const findings: Finding[] = [];
  const folding = optimise ? new PlanFolding(definition, nodes) : null;
  const report: Report = (finding) => findings.push(finding);
  const plan = yield* new PlanBuilder(definition, nodes, report, folding).build(hash);
  if (optimise) rankSteps(plan);
  if (findings.length > 0) throw definitionInvalid(findings.map(problemOf));
  return plan;
}

/** Builds the plan and reports what is wrong; after a report the plan must not be run. */
export function buildPlan(definition: WorkflowDefinition, nodes: NodeTypes, report: Report): Plan {
  return whole(new PlanBuilder(definition, nodes, report, null).build());
}

function whole<T>(parts: Generator<void, T, void>): T {
  for (;;) {
    const part = parts.next();
    if (part.done) return part.value;
  }
}

/** Steps between two chances to pause: at most a few milliseconds. */
const PART_STEPS = 32;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One level of the walk: what a scope hands to its steps. */
interface Level {
  readonly defaults: Defaults;
  readonly depth: number;
  /** Leads to the array of steps. */
  readonly pointer: Pointer;
}

class PlanBuilder {
  readonly #definition: WorkflowDefinition;
  readonly #nodes: NodeTypes;
  readonly #report: Report;
  readonly #expressions: ExpressionCompiler;
  readonly #folding: PlanFolding | null;
  readonly #scopes: PlanScope[] = [];
  #stepCount = 0;

  constructor(
    definition: WorkflowDefinition,
    nodes: NodeTypes,
    report: Report,
    folding: PlanFolding | null,
  ) {
    this.#definition = definition;
    this.#nodes = nodes;
    this.#report = report;
    this.#expressions = new ExpressionCompiler(definition, report, folding);
    this.#folding = folding;
  }

  *build(hash?: string): Generator<void, Plan, void> {
    const definition = this.#definition;
    const level = { defaults: definition.defaults ?? {}, depth: 1 };
    const root = this.#openScope(ROOT, definition.steps, null, definition.failFast ?? false);
    this.#expressions.root = root;
    yield* this.#compileSteps(root, definition.steps, { ...level, pointer: ["steps"] });
    const output = this.#optionalTemplate(definition.output, ["output"], atEndOf(root));
    (root as Mutable<PlanScope>).output = output;
    const cleanup = definition.finally;
    let last: PlanScope | null = null;
    if (cleanup !== undefined) {
      last = this.#openScope(FINALLY, cleanup, null, false);
      this.#expressions.finally = last;
      yield* this.#compileSteps(last, cleanup, { ...level, pointer: ["finally"] });
    }
    if (this.#stepCount > STEPS_MAX)
      this.#report({
        code: "limit_exceeded",
        message: `The workflow has ${this.#stepCount} steps; at most ${STEPS_MAX} are allowed.`,
        pointer: ["steps"],
        suggestion: "Move a part into a workflow of its own and call it with `workflow.run`.",
      });
    return {
      hash: hash ?? hashJson(definition),
      definition,
      scopes: this.#scopes,
      root,
      finally: last,
      output,
      ...this.#definitionFields(),
      stepCount: this.#stepCount,
      folded: this.#folding?.parts ?? null,
    };
  }

  #definitionFields(): Omit<
    Plan,
    "hash" | "definition" | "scopes" | "root" | "finally" | "output" | "stepCount" | "folded"
  > {
    const { vars, labels, concurrency, deadline, priority, cleanupTimeout } = this.#definition;
    const place: Place = { scope: null, self: null, locals: [] };
    let limit: Plan["concurrency"] = null;
    if (concurrency !== undefined) {
      const key = this.#expressions.bare(concurrency.key, ["concurrency", "key"], place);
      const whenFull = concurrency.whenFull ?? "queue";
      if (key !== null) limit = { key, limit: concurrency.limit, whenFull };
    }
    return {
      vars: this.#optionalTemplate(vars, ["vars"], place),
      labels: this.#optionalTemplate(labels, ["labels"], place),
      concurrency: limit,
      deadlineMs: durationMs(deadline),
      cleanupMs: durationMs(cleanupTimeout) ?? CLEANUP_MS_DEFAULT,
      priority: priority ?? 5,
    };
  }

  #optionalTemplate(value: unknown, pointer: Pointer, place: Place): Template | null {
    return value === undefined ? null : this.#expressions.template(value, pointer, place);
  }

  /** Makes the scope with its positions, so that its expressions can be resolved. */
  #openScope(
    shape: Pick<PlanScope, "slot" | "pathSegment" | "locals" | "itemName"> &
      Pick<InnerScope, "isCompensation">,
    steps: readonly Step[],
    owner: PlanStep | null,
    failFast: boolean,
  ): PlanScope {
    const positions = new Map<string, number>();
    steps.forEach((step, at) => {
      if (!positions.has(step.id)) positions.set(step.id, at);
    });
    const scope: PlanScope = {
      index: this.#scopes.length,
      slot: shape.slot,
      pathSegment: shape.pathSegment,
      owner,
      parent: owner?.scope ?? null,
      steps: [],
      positions,
      leaves: [],
      output: null,
      failFast,
      locals: shape.locals,
      itemName: shape.itemName,
      captures: shape.isCompensation === true ? { locals: new Set(), steps: new Map() } : null,
      dynamic: false,
    };
    this.#scopes.push(scope);
    this.#stepCount += steps.length;
    return scope;
  }

  *#compileSteps(
    scope: PlanScope,
    steps: readonly Step[],
    level: Level,
  ): Generator<void, void, void> {
    if (level.depth > LEVELS_MAX) {
      this.#report({
        code: "limit_exceeded",
        message: `Scopes are nested more than ${LEVELS_MAX} levels deep.`,
        pointer: level.pointer,
        suggestion: "Move the inner part into a workflow of its own.",
      });
      return;
    }
    for (const [index, step] of steps.entries()) {
      if (index % PART_STEPS === PART_STEPS - 1) yield;
      const pointer = [...level.pointer, index];
      const { root, finally: last } = this.#expressions;
      checkId(step, index, scope, { root, finally: last, pointer, report: this.#report });
      (scope.steps as PlanStep[]).push(this.#compileStep(step, index, scope, level, pointer));
    }
    for (const [index, step] of scope.steps.entries())
      yield* this.#compileScopes(step, level, [...level.pointer, index]);
    yield;
    const implied = this.#expressions.implied.get(scope);
    scope.steps.forEach((step, index) => {
      connect(step, implied?.[index], [...level.pointer, index], this.#report);
    });
    yield;
    if (!reportCycles(scope, level.pointer, this.#report))
      reportUnreachable(scope, level.pointer, this.#report);
    (scope as Mutable<PlanScope>).leaves = leavesOf(scope);
  }

  #compileStep(
    step: Step,
    index: number,
    scope: PlanScope,
    level: Level,
    pointer: Pointer,
  ): PlanStep {
    const control = CONTROL_STEPS.get(step.uses);
    const node = control === undefined ? this.#nodes.get(step.uses) : undefined;
    if (control === undefined && node === undefined)
      reportUnknownType(step, pointer, this.#nodes, this.#report);
    const kind: StepKind = control?.kind ?? node?.execution ?? "effect";
    const inherits = control === undefined || control.kind === "workflow.run";
    const isExact = node?.isExact === true;
    const policies = policiesOf(step, inherits ? level.defaults : null, isExact);
    const place: Place = { scope, self: index, locals: [] };
    const sees: Place = { ...place, secrets: kind === "effect" };
    const expressions = this.#expressions;
    const parts = { expressions, pointer };
    const compiled = planConfig(step, control, node?.functionFields, { ...parts, place: sees });
    return {
      index,
      id: step.id,
      uses: step.uses,
      ...{ kind, isExact },
      scope,
      in: [],
      out: [],
      rule: step.triggerRule ?? "all_success",
      if: this.#bare(step.if, [...pointer, "if"], place),
      ...compiled,
      secrets: secretNamesOf(step.with, compiled.with.reads),
      connections: node?.connectionFields ?? null,
      condition: planCondition(step, control, { ...parts, place }),
      update: null,
      cases: planCases(step, place, { ...parts, report: this.#report }),
      catches: (step.catch ?? []).map(
        (clause, at): PlanCatch => ({ errors: clause.errors ?? null, slot: `catch.${at}` }),
      ),
      bodies: new Map(),
      compensate: null,
      cleanupMs: durationMs(step.cleanupTimeout),
      failFast: step.failFast ?? false,
      retry: planRetry(policies.retry),
      timeoutMs: durationMs(policies.timeout),
      heartbeatTimeoutMs: durationMs(policies.heartbeatTimeout),
      deadlineMs: durationMs(policies.deadline),
      ...this.#compilePolicies(policies, step, place, pointer),
      priority: policies.priority ?? null,
      rank: 0,
      portsUsed: new Set(),
      policies,
      definition: step,
    };
  }

  #bare(source: string | undefined, pointer: Pointer, place: Place): Expression | null {
    return source === undefined ? null : this.#expressions.bare(source, pointer, place);
  }

  #compilePolicies(
    policies: Defaults,
    step: Step,
    place: Place,
    pointer: Pointer,
  ): Pick<PlanStep, "onError" | "gates" | "memo"> {
    // Policies from defaults are reported where the step stands: names resolve from there.
    const at = (name: keyof Defaults): Pointer =>
      step[name] === undefined ? pointer : [...pointer, name];
    const { onError, memo, reconcile } = policies;
    const key = (name: "concurrency" | "rateLimit" | "circuitBreaker") =>
      this.#bare(policies[name]?.key, [...at(name), "key"], place);
    this.#bare(reconcile, at("reconcile"), place);
    return {
      memo: planMemo(policies, this.#bare(memo?.key, [...at("memo"), "key"], place), step),
      onError:
        typeof onError === "object"
          ? {
              fallback: this.#expressions.template(
                onError.fallback,
                [...at("onError"), "fallback"],
                place,
              ),
            }
          : (onError ?? null),
      gates: planGates(policies, {
        concurrency: key("concurrency"),
        rateLimit: key("rateLimit"),
        circuitBreaker: key("circuitBreaker"),
      }),
    };
  }

  /** The inner scopes of a step, once all steps beside it are known. */
  *#compileScopes(step: PlanStep, level: Level, pointer: Pointer): Generator<void, void, void> {
    const { definition } = step;
    const defaults = mergeDefaults(level.defaults, definition.defaults);
    for (const inner of innerScopes(definition)) {
      const shape = { ...inner, locals: new Set(inner.locals) };
      const undoes = inner.isCompensation === true;
      const scope = this.#openScope(shape, inner.steps, step, !undoes && step.failFast);
      if (undoes) (step as Mutable<PlanStep>).compensate = scope;
      else (step.bodies as Map<string, PlanScope>).set(inner.slot, scope);
      checkItemName(inner, step, pointer, this.#report);
      yield* this.#compileSteps(scope, inner.steps, {
        defaults: undoes ? level.defaults : defaults,
        depth: level.depth + 1,
        pointer: [...pointer, ...inner.stepsPointer],
      });
      const at = [...pointer, ...inner.outputPointer];
      (scope as Mutable<PlanScope>).output = this.#optionalTemplate(
        inner.output,
        at,
        atEndOf(scope),
      );
      if (inner.slot === "body" && definition.update !== undefined)
        (step as Mutable<PlanStep>).update = planUpdate(step, scope, {
          ...{ expressions: this.#expressions, report: this.#report },
          pointer: [...pointer, "update"],
        });
    }
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();
const ROOT = { slot: "", pathSegment: "", locals: NO_NAMES, itemName: null };
const FINALLY = { slot: "finally", pathSegment: "finally", locals: NO_NAMES, itemName: null };
