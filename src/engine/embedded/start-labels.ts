/**
 * The labels a run is started with: those of its definition, evaluated once and journaled as text,
 * under those of the caller. What they are is settled before the run exists: a filter, an
 * expression and a rerun all read the same text.
 */
import { LockstitchError } from "#errors/errors.ts";
import { ExpressionError, type Scope, type Template } from "#workflow/expression/expression.ts";
import { compileTemplate } from "#workflow/expression/template.ts";
import type { Plan } from "#workflow/plan.ts";

export type Labels = Readonly<Record<string, string>>;

/** Characters of one label, its name included. */
const LABEL_LENGTH_MAX = 256;

/** The run that is being started, as the expressions of its labels see it. */
export interface LabelledRun {
  readonly id: string;
  readonly input: unknown;
  readonly version: number;
  readonly nowMs: number;
}

/**
 * The caller's labels over the definition's; an expression whose label the caller gives is not
 * evaluated. Throws input_invalid naming the label, request_invalid for too many.
 */
export function startLabels(
  plan: Plan,
  run: LabelledRun,
  limits: { readonly caller: Labels; readonly labelsMax: number },
): Labels {
  const { caller, labelsMax } = limits;
  const labels: Record<string, string> = {};
  const templates = templatesOf(plan);
  // Most runs have none, and the scope costs more than all else here.
  if (templates.size === 0 && Object.keys(caller).length === 0) return labels;
  const scope = scopeOf(plan, run);
  for (const [name, template] of templates) {
    if (Object.hasOwn(caller, name)) continue;
    const text = evaluateLabel(name, template, scope);
    if (text !== null) labels[name] = text;
  }
  Object.assign(labels, caller);
  checkLabels(labels, labelsMax);
  return labels;
}

/** Throws request_invalid where there are more than `labelsMax`, or one is too long. */
export function checkLabels(labels: Labels, labelsMax: number): void {
  const entries = Object.entries(labels);
  const isLong = entries.some(([name, text]) => isTooLong(name, text));
  if (entries.length > labelsMax || isLong)
    throw new LockstitchError(
      "request_invalid",
      `A run has at most ${labelsMax} labels (labelsMax) of at most ${LABEL_LENGTH_MAX} characters.`,
    );
}

/**
 * Of a run's labels those that its definition does not give: what a rerun, whose input may be
 * another one, takes over. `run` is the run as it was started.
 */
export function callerLabels(plan: Plan, run: LabelledRun, labels: Labels): Labels {
  const caller: Record<string, string> = { ...labels };
  const scope = scopeOf(plan, run);
  for (const [name, template] of templatesOf(plan)) {
    try {
      if (evaluateLabel(name, template, scope) === caller[name]) delete caller[name];
    } catch {
      // The caller gave the label, or the run would not have started: it stays.
    }
  }
  return caller;
}

function scopeOf({ definition }: Plan, { id, input, version, nowMs }: LabelledRun): Scope {
  return {
    input,
    workflow: { name: definition.name, version },
    run: { id, status: "queued", startedAt: null, now: new Date(nowMs).toISOString() },
  };
}

/** Each label apart, so that a failing one has a name and an overridden one costs nothing. */
const templatesByPlan = new WeakMap<Plan, ReadonlyMap<string, Template>>();

function templatesOf(plan: Plan): ReadonlyMap<string, Template> {
  let ofPlan = templatesByPlan.get(plan);
  if (ofPlan === undefined) {
    const labels = Object.entries(plan.definition.labels ?? {});
    ofPlan = new Map(labels.map(([name, source]) => [name, compileTemplate(source)]));
    templatesByPlan.set(plan, ofPlan);
  }
  return ofPlan;
}

/** The label as text; null: it has no value and is left out. */
function evaluateLabel(name: string, template: Template, scope: Scope): string | null {
  let value: unknown;
  try {
    value = template.evaluate(scope, { seed: `labels/${name}` });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw labelInvalid(name, error.message, error);
  }
  if (value === null) return null;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (!isTooLong(name, text)) return text;
  throw labelInvalid(name, `its name and text have more than ${LABEL_LENGTH_MAX} characters.`);
}

function isTooLong(name: string, text: string): boolean {
  return name.length + text.length > LABEL_LENGTH_MAX;
}

function labelInvalid(name: string, why: string, cause?: unknown): LockstitchError {
  return new LockstitchError(
    "input_invalid",
    `Label ${name} cannot be made from the input: ${why}`,
    {
      details: { label: name },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
