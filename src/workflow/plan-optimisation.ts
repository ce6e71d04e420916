/**
 * What optimising found in a plan, for `lockstitch plan`: folded parts, steps that never run, chains
 * of pure steps that are decided in one turn, and the critical path.
 *
 *   N1. Nothing here steers a run. A dead step still gets its outcome (`skipped`), in its turn, with
 *       its event; a chain's steps have an outcome each.
 *   N2. A step is dead only if no input, result or person can make it run, an operator aside.
 */
import { graphNodeId } from "./graph-text.ts";
import { childPath, slotPath } from "./path.ts";
import type { Plan, PlanScope, PlanStep } from "./plan.ts";
import { deadSteps } from "./plan-dead.ts";
import type { FoldedPart } from "./plan-folding.ts";
import { inOrder } from "./plan-order.ts";
import { lengthsOf } from "./plan-ranks.ts";

export interface DeadStep {
  /** Static path, as in the graph. */
  readonly path: string;
  readonly reason: string;
}

export interface CriticalPath {
  /** Steps on it that take time, one after another. */
  readonly length: number;
  /** Static paths, in order. */
  readonly steps: readonly string[];
}

export interface PlanOptimisation {
  readonly folded: readonly FoldedPart[];
  readonly dead: readonly DeadStep[];
  /** Paths of pure steps, each of which waits for the one before it alone. */
  readonly chains: readonly (readonly string[])[];
  readonly criticalPath: CriticalPath;
}

/** Of an optimised plan; null of any other. */
export function optimisationOf(plan: Plan): PlanOptimisation | null {
  if (plan.folded === null) return null;
  const paths = pathsOf(plan);
  const chains: (readonly string[])[] = [];
  for (const scope of plan.scopes)
    for (const chain of chainsOf(scope)) chains.push(chain.map((step) => paths.get(step) ?? ""));
  const dead = deadSteps(plan);
  return {
    folded: plan.folded,
    dead: [...paths].flatMap(([step, path]) => {
      const reason = dead.get(step);
      return reason === undefined ? [] : [{ path, reason }];
    }),
    chains,
    criticalPath: criticalPath(plan, paths),
  };
}

type Paths = ReadonlyMap<PlanStep, string>;

/** Static paths of all steps, those of compensations included, in the order of the outline. */
function pathsOf(plan: Plan): Paths {
  const paths = new Map<PlanStep, string>();
  const visit = (scope: PlanScope, path: string, group: string): void => {
    for (const step of scope.steps) {
      const id = graphNodeId(path, group, step.id);
      paths.set(step, id);
      for (const inner of step.bodies.values())
        visit(inner, slotPath(id, inner.pathSegment), childPath(id, inner.slot));
      const undo = step.compensate;
      if (undo !== null) visit(undo, childPath(id, undo.slot), childPath(id, undo.slot));
    }
  };
  visit(plan.root, "", "");
  if (plan.finally !== null) visit(plan.finally, "finally", "finally");
  return paths;
}

/** Runs of two pure steps and more, each the only one behind the one before it. */
function chainsOf(scope: PlanScope): (readonly PlanStep[])[] {
  const chains: PlanStep[][] = [];
  const begun = new Map<PlanStep, PlanStep[]>();
  for (const step of inOrder(scope)) {
    if (step.kind !== "pure") continue;
    const before = onlySource(step);
    const chain = before === undefined ? undefined : begun.get(before);
    if (before !== undefined && chain !== undefined && chain.at(-1) === before) {
      chain.push(step);
      begun.set(step, chain);
    } else {
      const fresh = [step];
      chains.push(fresh);
      begun.set(step, fresh);
    }
  }
  return chains.filter(({ length }) => length > 1);
}

function onlySource({ in: edges, scope }: PlanStep): PlanStep | undefined {
  const sources = new Set(edges.map(({ from }) => from));
  const [only] = sources;
  return sources.size === 1 && only !== undefined ? scope.steps[only] : undefined;
}

/** From step to step where most is left, into the longest of inner scopes and out again. */
function criticalPath(plan: Plan, paths: Paths): CriticalPath {
  const steps: string[] = [];
  const lengths = lengthsOf(plan, deadSteps(plan));
  const follow = (scope: PlanScope | undefined): void => {
    if (scope === undefined || lengths.of(scope) === 0) return;
    const left = lengths.leftIn(scope);
    let step = longest(
      scope.steps.filter(({ in: edges }) => edges.length === 0),
      left,
    );
    while (step !== undefined) {
      if (lengths.ofStep(step) > 0) {
        steps.push(paths.get(step) ?? "");
        const ways = [...step.bodies.values()].sort((a, b) => lengths.of(b) - lengths.of(a));
        if (step.kind === "try") {
          follow(step.bodies.get("body"));
          follow(step.bodies.get("finally"));
        } else follow(ways[0]);
      }
      step = longest(
        step.out.flatMap(({ to }) => scope.steps[to] ?? []),
        left,
      );
    }
  };
  follow(plan.root);
  follow(plan.finally ?? undefined);
  const length = lengths.of(plan.root) + (plan.finally === null ? 0 : lengths.of(plan.finally));
  return { length, steps };
}

/** Of several with as much left the one written first. */
function longest(steps: readonly PlanStep[], left: readonly number[]): PlanStep | undefined {
  let best: PlanStep | undefined;
  for (const step of steps)
    if (best === undefined || (left[step.index] ?? 0) > (left[best.index] ?? 0)) best = step;
  return best;
}
