/**
 * Every check of a definition, in one go: shape, configuration, input schema, names, edges. Works
 * on values; parse.ts adds the positions of a text.
 */
import { checkConfig } from "./check-config.ts";
import { checkErrorPatterns } from "./check-error-patterns.ts";
import { checkLife } from "./check-life.ts";
import { checkMemo } from "./check-memo.ts";
import { checkPolicies, checkPolicyTimes } from "./check-policies.ts";
import { checkShape } from "./check-shape.ts";
import { checkTriggers } from "./check-triggers.ts";
import { checkUnavailable } from "./check-unavailable.ts";
import { CheckedText } from "./checked-text.ts";
import { innerScopes } from "./control-steps.ts";
import type { Step, WorkflowDefinition } from "./definition.ts";
import { atNode } from "./import/finding-at-node.ts";
import { isGraphJson } from "./import/graph-json.ts";
import { importGraph } from "./import/import-graph.ts";
import type { NodeTypes } from "./node-types.ts";
import { canonicalDefinition } from "./normalise.ts";
import type { Plan } from "./plan.ts";
import { buildPlan } from "./plan-compile.ts";
import {
  definitionInvalid,
  type Finding,
  type Pointer,
  type Problem,
  problemOf,
  type Report,
} from "./problem.ts";
import { isTooDeep, VALUE_DEPTH_MAX, valueAt } from "./source.ts";
import { schemaFault } from "./validate-json.ts";

export interface Checked {
  readonly definition: WorkflowDefinition | null;
  readonly plan: Plan | null;
  /** Empty exactly when definition and plan are there. */
  readonly findings: readonly Finding[];
}

export type CheckedDefinition =
  | { readonly definition: WorkflowDefinition; readonly plan: Plan; readonly problems: readonly [] }
  | {
      readonly definition: null;
      readonly plan: null;
      /** In order of their places, where there is a text; never empty. */
      readonly problems: readonly Problem[];
    };

const TOO_DEEP: Finding = {
  code: "limit_exceeded",
  message: `Values are nested more than ${VALUE_DEPTH_MAX} deep.`,
  pointer: [],
};

/** Checks a value that has no text (from an API, the builder, a test): problems without positions. */
export function checkDefinition(
  value: unknown,
  options: { readonly nodes: NodeTypes },
): CheckedDefinition {
  if (isTooDeep(value)) return { definition: null, plan: null, problems: [problemOf(TOO_DEEP)] };
  const { definition, plan, findings } = check(value, options.nodes);
  if (definition !== null && plan !== null) return { definition, plan, problems: [] };
  return { definition: null, plan: null, problems: findings.map(problemOf) };
}

/** The same as text to save. Throws LockstitchError definition_invalid. */
export function checkedText(value: unknown, nodes: NodeTypes): CheckedText {
  const { definition, plan, problems } = checkDefinition(value, { nodes });
  if (definition === null) throw definitionInvalid(problems);
  // As written: the order of an object's keys is the order of its output.
  const json = JSON.stringify(definition);
  return new CheckedText({ name: definition.name, hash: plan.hash, json });
}

/** Everything that is wrong with `value`, or its canonical definition and plan. A graph becomes one first. */
export function check(value: unknown, nodes: NodeTypes): Checked {
  return isGraphJson(value) ? checkGraph(value, nodes) : checkValue(value, nodes);
}

/** What is wrong with the definition that a graph becomes stands at the graph's nodes. */
function checkGraph(value: Readonly<Record<string, unknown>>, nodes: NodeTypes): Checked {
  const imported = importGraph(value, nodes);
  if (imported.findings.length > 0)
    return { definition: null, plan: null, findings: imported.findings };
  const checked = checkValue(imported.definition, nodes);
  const findings = checked.findings.map((finding) => atNode(finding, imported.definition, value));
  return { ...checked, findings };
}

function checkValue(value: unknown, nodes: NodeTypes): Checked {
  const findings: Finding[] = [];
  const report: Report = (finding) => {
    if (!isEcho(finding, value)) findings.push(finding);
  };
  const shaped = checkShape(value, report);
  if (shaped === null) return { definition: null, plan: null, findings };
  const definition = canonicalDefinition(shaped, nodes);
  const fault = definition.input === undefined ? null : schemaFault(definition.input);
  if (fault !== null)
    report({
      code: "invalid_input_schema",
      message: `\`input\` is no JSON Schema: ${fault}.`,
      pointer: ["input"],
      suggestion: null,
    });
  eachStep(definition, (step, pointer) => {
    checkConfig(step, nodes, pointer, report);
    checkPolicies(step, nodes, pointer, report);
    checkPolicyTimes(step, pointer, report);
    checkPolicyTimes(step.defaults, [...pointer, "defaults"], report);
  });
  checkPolicyTimes(definition.defaults, ["defaults"], report);
  checkErrorPatterns(definition, (visit) => eachStep(definition, visit), report);
  checkMemo(definition, nodes, (visit) => eachStep(definition, visit), report);
  checkUnavailable(definition, (visit) => eachStep(definition, visit), report);
  checkLife(definition, report);
  checkTriggers(definition, report);
  const plan = buildPlan(definition, nodes, report);
  return findings.length === 0
    ? { definition, plan, findings }
    : { definition: null, plan: null, findings };
}

/** A finding about what the repair put in where `uses` or `id` is missing, or took out of a trigger. */
function isEcho(finding: Finding, value: unknown): boolean {
  const [root, , ...below] = finding.pointer;
  if (root === "triggers" && below.length === 0) {
    const trigger = valueAt(value, finding.pointer);
    return typeof trigger === "object" && trigger !== null && Object.keys(trigger).length === 1;
  }
  if (finding.code !== "unknown_type") return false;
  const uses = valueAt(value, finding.pointer);
  return typeof uses !== "string" || uses === "";
}

/** Visits every step of every scope, outer ones first. */
export function eachStep(
  definition: WorkflowDefinition,
  visit: (step: Step, pointer: Pointer) => void,
): void {
  const walk = (steps: readonly Step[], pointer: Pointer): void => {
    steps.forEach((step, index) => {
      const at = [...pointer, index];
      visit(step, at);
      for (const inner of innerScopes(step)) walk(inner.steps, [...at, ...inner.stepsPointer]);
    });
  };
  walk(definition.steps, ["steps"]);
  walk(definition.finally ?? [], ["finally"]);
}
