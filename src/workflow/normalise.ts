/**
 * The canonical form of a definition: fields that are expressions lose the `${{ }}` that authors
 * may put around them. Nothing else changes, and what needs no change is shared, not copied.
 */
import { CONTROL_STEPS } from "./control-steps.ts";
import type { Body, Defaults, Step, WorkflowDefinition } from "./definition.ts";
import { parseWrapped } from "./expression/parse.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Trigger } from "./trigger-definition.ts";

/** The same definition with every bare expression unwrapped. */
export function canonicalDefinition(
  definition: WorkflowDefinition,
  nodes: NodeTypes,
): WorkflowDefinition {
  const changes = changed(definition, {
    triggers: definition.triggers && (mapped(definition.triggers, canonicalTrigger) as Trigger[]),
    concurrency: keyed(definition.concurrency),
    defaults: policies(definition.defaults),
    steps: list(definition.steps, nodes),
    finally: list(definition.finally, nodes),
  });
  return changes;
}

function canonicalTrigger(trigger: Trigger): Trigger {
  const { event, webhook } = trigger;
  return changed(trigger, {
    event: event && changed(event, { filter: bare(event.filter) }),
    webhook: webhook && changed(webhook, { idempotencyKey: bare(webhook.idempotencyKey) }),
  });
}

/** `value` with `fields`, or `value` itself where they are what it has. */
function changed<T extends object>(value: T, fields: Partial<T>): T {
  const different = Object.entries(fields).filter(
    ([name, field]) => field !== (value as Record<string, unknown>)[name],
  );
  return different.length === 0 ? value : { ...value, ...Object.fromEntries(different) };
}

function mapped<T>(values: readonly T[], change: (value: T) => T): readonly T[] {
  const result = values.map(change);
  return result.every((value, at) => value === values[at]) ? values : result;
}

function list<T extends readonly Step[] | undefined>(steps: T, nodes: NodeTypes): T {
  return (steps === undefined ? steps : mapped(steps, (step) => canonicalStep(step, nodes))) as T;
}

function canonicalStep(step: Step, nodes: NodeTypes): Step {
  const control = CONTROL_STEPS.get(step.uses);
  const bareFields = control?.bareFields ?? [...(nodes.get(step.uses)?.functionFields ?? [])];
  const fields: Partial<Record<keyof Step, unknown>> = {
    ...policies(step),
    if: bare(step.if),
    with: config(step.with, bareFields),
    compensate: list(step.compensate, nodes),
  };
  if (control !== undefined && control.fields.size > 0) {
    fields.defaults = policies(step.defaults);
    for (const name of ["steps", "then", "else", "finally"] as const)
      fields[name] = list(step[name], nodes);
    fields.default = body(step.default, nodes);
    fields.branches = bodies(step.branches, nodes);
    fields.cases = bodies(step.cases, nodes);
    fields.catch = step.catch && mapped(step.catch, (clause) => body(clause, nodes));
  }
  return changed(step, fields as Partial<Step>);
}

function bodies<T extends Body>(
  named: { readonly [name: string]: T } | undefined,
  nodes: NodeTypes,
): { readonly [name: string]: T } | undefined {
  if (named === undefined) return undefined;
  const entries = Object.entries(named).map(([name, one]) => [name, body(one, nodes)] as const);
  return entries.every(([name, one]) => one === named[name]) ? named : Object.fromEntries(entries);
}

function body<T extends (Body & { readonly when?: string | undefined }) | undefined>(
  inner: T,
  nodes: NodeTypes,
): T {
  if (inner === undefined) return inner;
  return changed(inner, { when: bare(inner.when), steps: list(inner.steps, nodes) } as Partial<
    NonNullable<T>
  >);
}

/** The policies that hold bare expressions. */
function policies<T extends Defaults | undefined>(step: T): T {
  if (step === undefined) return step;
  return changed(step, {
    memo: keyed(step.memo),
    concurrency: keyed(step.concurrency),
    rateLimit: keyed(step.rateLimit),
    circuitBreaker: keyed(step.circuitBreaker),
    reconcile: bare(step.reconcile),
  } as Partial<NonNullable<T>>);
}

function keyed<T extends { readonly key?: string | undefined } | undefined>(policy: T): T {
  return policy?.key === undefined
    ? policy
    : changed(policy, { key: bare(policy.key) } as Partial<NonNullable<T>>);
}

function config(value: unknown, bareFields: readonly string[]): unknown {
  if (bareFields.length === 0 || typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  const unwrapped = bareFields
    .filter((field) => typeof fields[field] === "string")
    .map((field) => [field, bare(fields[field] as string)]);
  return changed(fields, Object.fromEntries(unwrapped));
}

/** The source of a text that is one `${{ }}`; any other text as it is. */
function bare<T extends string | undefined>(text: T): T {
  const trimmed = text?.trim();
  if (trimmed === undefined || !trimmed.startsWith("${{") || !trimmed.endsWith("}}")) return text;
  try {
    if (parseWrapped(trimmed, 0).end !== trimmed.length) return text;
  } catch {
    // It does not parse: the planner says so, at the text as it was written.
    return text;
  }
  return trimmed.slice(3, -2).trim() as T;
}
