/**
 * Whether `with` fits its step type before anything runs. Parts that hold expressions are known
 * only at run time, so an issue counts only where no expression could still settle it.
 */
import { findingsOf } from "./check-issues.ts";
import { CONTROL_STEPS, type ControlStep, SCOPE_FIELDS } from "./control-steps.ts";
import type { Step } from "./definition.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Pointer, Report } from "./problem.ts";
import { valueAt } from "./source.ts";
import { schemaFault } from "./validate-json.ts";

/** Stands for a function that is still text. */
const SOME_FUNCTION = (): null => null;

/** Checks `with` and the scope fields of one step; `pointer` leads to it. */
export function checkConfig(step: Step, nodes: NodeTypes, pointer: Pointer, report: Report): void {
  const control = CONTROL_STEPS.get(step.uses);
  const node = control === undefined ? nodes.get(step.uses) : undefined;
  if (control === undefined && node === undefined) return;
  checkFields(step, control, pointer, report);
  const at = [...pointer, "with"];
  checkConstantFields(step, node?.constantFields, at, report);
  if (isTemplate(step.with)) return;
  const written = control === undefined ? step.with : withoutBare(step, control, at, report);
  const value = node === undefined ? written : withFunctions(written, node.functionFields);
  const schema = control?.config ?? node?.config;
  const parsed = schema?.safeParse(value ?? {});
  if (control !== undefined) checkConstants(step, control, at, report);
  if (schema === undefined || parsed === undefined || parsed.success) return;
  const missing = step.with === undefined;
  for (const issue of parsed.error.issues) {
    const path = issue.path.filter((key) => typeof key !== "symbol");
    if (issue.code !== "unrecognized_keys" && mayStillFit(issue.code, valueAt(value, path)))
      continue;
    const context = {
      schema,
      value: value ?? {},
      pointer: missing ? pointer : at,
      subject: `\`with\` of \`${step.id}\` (${step.uses})`,
      code: "invalid_config",
    } as const;
    for (const finding of findingsOf(issue, context))
      report(missing ? { ...finding, pointer } : finding);
  }
}

/** A wrong kind is wrong whatever an expression inside gives; anything else may come right. */
function mayStillFit(code: string, value: unknown): boolean {
  if (code === "invalid_type" && typeof value !== "string") return false;
  return holdsTemplate(value);
}

function isTemplate(value: unknown): value is string {
  return typeof value === "string" && value.includes("${{");
}

function holdsTemplate(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return isTemplate(value);
  return Object.values(value).some(holdsTemplate);
}

function checkFields(
  step: Step,
  control: ControlStep | undefined,
  pointer: Pointer,
  report: Report,
): void {
  for (const field of SCOPE_FIELDS) {
    if (step[field] === undefined || control?.fields.has(field) === true) continue;
    const owners = [...CONTROL_STEPS.values()].filter(({ fields }) => fields.has(field));
    report({
      code: "field_not_allowed",
      message: `Step \`${step.id}\` (${step.uses}) cannot have \`${field}\`.`,
      pointer: [...pointer, field],
      atKey: true,
      suggestion: `Steps that have it: ${owners.map(({ kind }) => `\`${kind}\``).join(", ")}.`,
    });
  }
  for (const field of control?.requiredFields ?? [])
    if (step[field] === undefined)
      report({
        code: "invalid_shape",
        message: `Step \`${step.id}\` (${step.uses}) lacks \`${field}\`.`,
        pointer,
        suggestion: null,
      });
}

/** `with` without its bare expressions, which are checked here. */
function withoutBare(step: Step, control: ControlStep, at: Pointer, report: Report): unknown {
  const config = step.with;
  const isObject = typeof config === "object" && config !== null && !Array.isArray(config);
  const rest: Record<string, unknown> = isObject ? { ...config } : {};
  for (const field of control.bareFields) {
    const source = rest[field];
    delete rest[field];
    if (typeof source === "string" && source.trim() !== "") continue;
    const isScalar = typeof source === "boolean" || typeof source === "number";
    report({
      code: "invalid_config",
      message:
        source === undefined
          ? `Step \`${step.id}\` (${step.uses}) lacks \`with.${field}\`.`
          : `\`with.${field}\` of \`${step.id}\` must be an expression, a text.`,
      pointer: source === undefined ? at.slice(0, -1) : [...at, field],
      suggestion: isScalar
        ? `Put it in quotes: ${field}: "${source}".`
        : `Write with: { ${field}: "..." }, an expression.`,
    });
  }
  return isObject || config === undefined ? rest : config;
}

function withFunctions(config: unknown, functionFields: ReadonlySet<string>): unknown {
  if (functionFields.size === 0 || typeof config !== "object" || config === null) return config;
  const fields: Record<string, unknown> = { ...config };
  for (const field of functionFields)
    if (typeof fields[field] === "string") fields[field] = SOME_FUNCTION;
  return fields;
}

/** A text that an expression makes up could say anything: an address, another statement. */
function checkConstantFields(
  step: Step,
  fields: ReadonlySet<string> | undefined,
  at: Pointer,
  report: Report,
): void {
  for (const field of fields ?? []) {
    const isWhole = isTemplate(step.with);
    if (!isWhole && !holdsTemplate({ field: valueAt(step.with, [field]) })) continue;
    report({
      code: "invalid_config",
      message: `\`with.${field}\` of \`${step.id}\` (${step.uses}) cannot hold an expression.`,
      pointer: isWhole ? at : [...at, field],
      suggestion:
        "Write the text itself; what changes goes into the fields beside it, as `parameters`.",
    });
  }
}

function checkConstants(step: Step, control: ControlStep, at: Pointer, report: Report): void {
  for (const field of control.constantFields)
    if (holdsTemplate(valueAt(step.with, [field])))
      report({
        code: "invalid_config",
        message: `\`with.${field}\` of \`${step.id}\` cannot hold an expression: it is read before the run starts.`,
        pointer: [...at, field],
        suggestion: "Write the value itself.",
      });
  for (const field of control.schemaFields) {
    const schema = valueAt(step.with, [field]);
    const fault = schema === undefined || holdsTemplate(schema) ? null : schemaFault(schema);
    if (fault !== null)
      report({
        code: "invalid_config",
        message: `\`with.${field}\` of \`${step.id}\` is no JSON Schema: ${fault}.`,
        pointer: [...at, field],
        suggestion: null,
      });
  }
}
