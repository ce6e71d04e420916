/**
 * What a workflow will do, before it runs: its steps in order, what may run at the same time, the
 * policies in force after defaults, the secrets and node types it needs, what could stop it short.
 *
 *   O1. Steps of one scope with the same `wave` do not wait for each other.
 *   O2. `commits` counts the longest way through without retries: one for the start, one for each
 *       step that does or waits for something; pure steps ride along. `per` names what multiplies it.
 */
import { graphNodeId } from "./graph-text.ts";
import { childPath, slotPath } from "./path.ts";
import type { Plan, PlanScope, PlanStep } from "./plan.ts";
import { inOrder } from "./plan-order.ts";
import { secretsOfPlan } from "./secret-reads.ts";

export interface OutlineStep {
  /** Static path, as in the graph. */
  readonly path: string;
  readonly id: string;
  readonly uses: string;
  /** pure: computed in the turn. effect: attempted. scope: owns steps. wait, child, end: control steps. */
  readonly does: "pure" | "effect" | "scope" | "wait" | "child" | "end";
  readonly depth: number;
  /** The part of its owner that the step stands in: `then`, a case, `finally`; null: the body or the root. */
  readonly part: string | null;
  readonly wave: number;
  readonly after: readonly {
    readonly step: string;
    readonly port: string | null;
    readonly implied: boolean;
  }[];
  readonly triggerRule: string;
  readonly if: string | null;
  readonly policies: Readonly<Record<string, unknown>>;
  readonly secrets: readonly string[];
  /** for_each: how many items at once; the number of items, or of passes at most, where it is written down. */
  readonly atOnce: number | null;
  readonly times: number | null;
}

export interface OutlineWarning {
  readonly path: string;
  readonly message: string;
}

export interface PlanOutline {
  readonly name: string;
  readonly hash: string;
  readonly stepCount: number;
  readonly deadlineMs: number | null;
  readonly steps: readonly OutlineStep[];
  readonly nodeTypes: readonly {
    readonly type: string;
    readonly does: string;
    readonly steps: number;
  }[];
  readonly secrets: readonly string[];
  readonly warnings: readonly OutlineWarning[];
  readonly commits: { readonly path: number; readonly per: readonly string[] };
}

/** The limits of the host that could bite. */
export interface OutlineLimits {
  readonly httpCallsPerRunMax: number;
  /** Events at which a run is warned of. */
  readonly eventsWarned: number;
}

/** The order is that of the definition, inner steps after their owner. */
export function outlineOf(plan: Plan, limits: OutlineLimits): PlanOutline {
  const steps: OutlineStep[] = [];
  const warnings: OutlineWarning[] = [];
  const visit = (scope: PlanScope, at: Place): void => {
    const waves = wavesOf(scope);
    for (const step of scope.steps) {
      const outlined = outlineStep(step, at, waves[step.index] ?? 1);
      steps.push(outlined);
      const repeats = at.repeats * (outlined.times ?? 1);
      const isLoop = at.isLoop || LOOPS.has(step.kind);
      warnings.push(...warningsOf(step, outlined.path, { at, repeats, limits }));
      for (const inner of step.bodies.values())
        visit(inner, {
          path: slotPath(outlined.path, inner.pathSegment),
          group: childPath(outlined.path, inner.slot),
          part: inner.slot === "body" ? null : inner.slot,
          ...{ depth: at.depth + 1, repeats, isLoop },
        });
    }
  };
  const top = { path: "", group: "", part: null, depth: 0, repeats: 1, isLoop: false };
  visit(plan.root, top);
  if (plan.finally !== null)
    visit(plan.finally, { ...top, path: "finally", group: "finally", part: "finally" });
  const per = new Set<string>();
  const path =
    1 + commitsOf(plan.root, per) + (plan.finally === null ? 0 : commitsOf(plan.finally, per));
  return {
    name: plan.definition.name,
    hash: plan.hash,
    stepCount: plan.stepCount,
    deadlineMs: plan.deadlineMs,
    steps,
    nodeTypes: typesOf(steps),
    secrets: secretsOfPlan(plan),
    warnings,
    commits: { path, per: [...per] },
  };
}

interface Place {
  readonly path: string;
  readonly group: string;
  readonly part: string | null;
  readonly depth: number;
  /** How often its loops run it, as far as that is written down. */
  readonly repeats: number;
  readonly isLoop: boolean;
}

const LOOPS: ReadonlySet<string> = new Set(["for_each", "while"]);

function outlineStep(step: PlanStep, at: Place, wave: number): OutlineStep {
  const config = (step.definition.with ?? {}) as Readonly<Record<string, unknown>>;
  return {
    path: graphNodeId(at.path, at.group, step.id),
    id: step.id,
    uses: step.uses,
    does: doesOf(step),
    depth: at.depth,
    part: at.part,
    wave,
    after: step.in.map(({ from, port, implied }) => ({
      step: step.scope.steps[from]?.id ?? "",
      port,
      implied,
    })),
    triggerRule: step.rule,
    if: step.definition.if ?? null,
    policies: step.policies as Readonly<Record<string, unknown>>,
    secrets: step.secrets,
    atOnce: step.kind === "for_each" ? numberOr(config["concurrency"], 16) : null,
    times: timesOf(step, config),
  };
}

function doesOf({ kind, bodies }: PlanStep): OutlineStep["does"] {
  if (kind === "pure" || kind === "effect") return kind;
  if (bodies.size > 0) return "scope";
  if (kind === "workflow.run") return "child";
  if (kind.startsWith("wait.")) return "wait";
  return kind === "fail" || kind === "stop" ? "end" : "scope";
}

/** Items that stand in the definition, or passes at most; null: only the run knows. */
function timesOf({ kind }: PlanStep, config: Readonly<Record<string, unknown>>): number | null {
  if (kind === "while")
    return typeof config["maxIterations"] === "number" ? config["maxIterations"] : null;
  const { items } = config;
  return kind === "for_each" && Array.isArray(items) ? items.length : null;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** 1 for what waits for nothing, else one more than the last that it waits for. */
function wavesOf(scope: PlanScope): readonly number[] {
  const waves: number[] = [];
  for (const step of inOrder(scope)) {
    let wave = 1;
    for (const { from } of step.in) wave = Math.max(wave, (waves[from] ?? 0) + 1);
    waves[step.index] = wave;
  }
  return waves;
}

function warningsOf(
  step: PlanStep,
  path: string,
  {
    at,
    repeats,
    limits,
  }: { readonly at: Place; readonly repeats: number; readonly limits: OutlineLimits },
): readonly OutlineWarning[] {
  const warnings: OutlineWarning[] = [];
  const warn = (message: string) => warnings.push({ path, message });
  if (step.kind === "effect" && step.timeoutMs === null && step.deadlineMs === null)
    warn("no timeout, so an attempt that hangs holds the run");
  if (step.kind === "effect" && step.uses === "http.request" && at.isLoop)
    warn(
      `calls in a loop, and a run may make ${limits.httpCallsPerRunMax} calls (http.callsPerRunMax)`,
    );
  if (LOOPS.has(step.kind)) {
    const inner = [...step.bodies.values()].reduce((sum, body) => sum + body.steps.length, 0);
    const events = repeats * (2 + 3 * inner);
    if (events > limits.eventsWarned)
      warn(`may write ${events} events: beyond ${limits.eventsWarned} a run should be split`);
  }
  return warnings;
}

function typesOf(steps: readonly OutlineStep[]): PlanOutline["nodeTypes"] {
  const groups = Map.groupBy(steps, ({ uses }) => uses);
  return [...groups]
    .map(([type, of]) => ({ type, does: of[0]?.does ?? "effect", steps: of.length }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

/** Commits on the longest way through a scope; `per` gathers what multiplies a part of it. */
function commitsOf(scope: PlanScope, per: Set<string>): number {
  const until: number[] = [];
  let longest = 0;
  for (const step of inOrder(scope)) {
    let before = 0;
    for (const { from } of step.in) before = Math.max(before, until[from] ?? 0);
    const after = before + commitsOfStep(step, per);
    until[step.index] = after;
    longest = Math.max(longest, after);
  }
  return longest;
}

function commitsOfStep(step: PlanStep, per: Set<string>): number {
  const does = doesOf(step);
  if (does === "pure" || does === "end") return 0;
  if (does !== "scope") return 1;
  const inner = [...step.bodies.values()].map((body) => commitsOf(body, per));
  const longest =
    step.kind === "try" ? inner.reduce((sum, each) => sum + each, 0) : Math.max(0, ...inner);
  if (longest > 0 && step.kind === "for_each") per.add(`items of ${step.id}`);
  if (longest > 0 && step.kind === "while") per.add(`passes of ${step.id}`);
  return longest;
}
