/** A definition as TypeScript code for the builder; running the code gives the definition again. */
import type { Body, Step, WorkflowDefinition } from "./definition.ts";
import { POLICY_FIELDS } from "./plan-policies.ts";

const OPTION_FIELDS = ["description", "needs", "if", "triggerRule", ...POLICY_FIELDS];
const SCOPE_OPTION_FIELDS = [...OPTION_FIELDS, "failFast", "defaults", "cleanupTimeout"];

/** The code of a module whose `flow` is the definition. */
export function printBuilder(definition: WorkflowDefinition): string {
  const { language: _, name, steps, finally: last, output, ...options } = definition;
  const lines = [
    `import { workflow } from "lockstitch";`,
    "",
    `export const flow = workflow(${text(name)}, ${code(options, 0)}, (w) => {`,
    ...printSteps(steps, 1),
  ];
  if (last !== undefined) lines.push(`  w.finally((w) => {`, ...printSteps(last, 2), "  });");
  if (output !== undefined) lines.push(`  return ${code(output, 1)};`);
  lines.push("});", "");
  return lines.join("\n");
}

const text = (value: string): string => JSON.stringify(value);
const indent = (level: number): string => "  ".repeat(level);

/** JSON as code. Strings stay quoted strings, expressions in them too. */
function code(value: unknown, level: number): string {
  return JSON.stringify(value, null, 2).replaceAll("\n", `\n${indent(level)}`);
}

function printSteps(steps: readonly Step[], level: number): string[] {
  return steps.map((step) => `${indent(level)}${printStep(step, level)};`);
}

function printStep(step: Step, level: number): string {
  const printer = PRINTERS[step.uses];
  if (printer !== undefined) return printer(step, level);
  return call("step", [text(step.id), text(step.uses), ...withOptions(step, level, OPTION_FIELDS)]);
}

/** A call on `w`, trailing undefined arguments left out. */
function call(method: string, parts: readonly string[]): string {
  const used = parts.findLastIndex((part) => part !== "undefined") + 1;
  return `w.${method}(${parts.slice(0, used).join(", ")})`;
}

/** `with` and the options as arguments. */
function withOptions(step: Step, level: number, fields: readonly string[]): string[] {
  return [
    step.with === undefined ? "undefined" : code(step.with, level),
    options(step, level, fields),
  ];
}

function options(
  step: Step,
  level: number,
  fields: readonly string[] = SCOPE_OPTION_FIELDS,
): string {
  const chosen = fields
    .filter((field) => step[field as keyof Step] !== undefined)
    .map((field) => [field, step[field as keyof Step]]);
  if (step.compensate === undefined)
    return chosen.length === 0 ? "undefined" : code(Object.fromEntries(chosen), level);
  const printed = chosen.map(([field, value]) => [String(field), code(value, level + 1)] as const);
  const undo = describe({ steps: step.compensate }, level + 1);
  return object([...printed, ["compensate", undo]], level);
}

/** A function that describes a body and returns its output. */
function describe(body: Body, level: number, result?: string): string {
  const lines = printSteps(body.steps ?? [], level + 1);
  const returned = result ?? (body.output === undefined ? null : code(body.output, level + 1));
  if (returned !== null) lines.push(`${indent(level + 1)}return ${returned};`);
  return lines.length === 0 ? "() => {}" : `(w) => {\n${lines.join("\n")}\n${indent(level)}}`;
}

/** An object of code by field, undefined ones left out. */
function object(fields: readonly (readonly [string, string | undefined])[], level: number): string {
  const lines = fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${indent(level + 1)}${text(name)}: ${value},`);
  return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent(level)}}`;
}

type Printer = (step: Step, level: number) => string;

const optional = <T>(value: T | undefined, print: (value: T) => string): string | undefined =>
  value === undefined ? undefined : print(value);

/** Control steps that own no scope are not here: they print as plain steps. */
export const PRINTERS: { readonly [uses: string]: Printer | undefined } = {
  for_each: (step, level) =>
    call("forEach", [
      text(step.id),
      code(step.with ?? {}, level),
      describe(step, level),
      options(step, level),
    ]),

  while: (step, level) => {
    const result = object(
      [
        ["update", optional(step.update, (update) => code(update, level + 2))],
        ["output", optional(step.output, (output) => code(output, level + 2))],
      ],
      level + 1,
    );
    const body = describe({ steps: step.steps }, level, result);
    return call("while", [text(step.id), code(step.with ?? {}, level), body, options(step, level)]);
  },

  parallel: (step, level) => {
    const branches = Object.entries(step.branches ?? {}).map(
      ([name, body]) => [name, bodyForm(body, level + 1)] as const,
    );
    return call("parallel", [
      text(step.id),
      object(branches, level),
      step.with === undefined ? "undefined" : code(step.with, level),
      options(step, level),
    ]);
  },

  if: (step, level) => {
    const list = (steps: readonly Step[]) => describe({ steps }, level + 1);
    const scopes = object(
      [
        ["then", optional(step.then, list)],
        ["else", optional(step.else, list)],
        ["output", optional(step.output, (output) => code(output, level + 1))],
      ],
      level,
    );
    const condition = (step.with as { condition: string }).condition;
    return call("if", [text(step.id), text(condition), scopes, options(step, level)]);
  },

  switch: (step, level) => {
    const cases = Object.entries(step.cases ?? {}).map(([name, { when, equals, ...body }]) => {
      const fields = object(
        [
          ["when", optional(when, text)],
          ["equals", equals === undefined ? undefined : code(equals, level + 2)],
          ["steps", body.steps && describe(body, level + 2)],
          ["output", body.steps ? undefined : outputOf(body, level + 2)],
        ],
        level + 1,
      );
      return [name, fields] as const;
    });
    return call("switch", [
      text(step.id),
      code((step.with as { value: unknown }).value, level),
      object(cases, level),
      step.default === undefined ? "undefined" : bodyForm(step.default, level),
      options(step, level),
    ]);
  },

  try: (step, level) => {
    const clauses = step.catch?.map(({ errors, ...body }) =>
      object(
        [
          ["errors", optional(errors, (codes) => code(codes, level + 2))],
          ["steps", body.steps && describe(body, level + 2)],
          ["output", body.steps ? undefined : outputOf(body, level + 2)],
        ],
        level + 1,
      ),
    );
    const last = step.finally;
    const handlers = object(
      [
        ["catch", optional(clauses, (all) => `[${all.join(", ")}]`)],
        ["finally", optional(last, (steps) => describe({ steps }, level + 1))],
      ],
      level,
    );
    return call("try", [text(step.id), describe(step, level), handlers, options(step, level)]);
  },

  saga: (step, level) => call("saga", [text(step.id), describe(step, level), options(step, level)]),
};

/** A function, or an object where there are no steps to describe. */
function bodyForm(body: Body, level: number): string {
  return body.steps === undefined ? code(body, level) : describe(body, level);
}

/** The output of a body without steps. */
function outputOf(body: Body, level: number): string | undefined {
  return body.output === undefined ? undefined : code(body.output, level);
}
