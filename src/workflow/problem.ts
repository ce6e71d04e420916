/**
 * What is wrong with a definition. The checks work on values and report *findings* by JSON
 * pointer; parse.ts turns them into *problems* with file, line and column where there is a text.
 */
import { LockstitchError } from "#errors/errors.ts";

/** Keys and indexes from the definition's root. */
export type Pointer = readonly (string | number)[];

/** Every kind of mistake that is found before anything runs, and what it means. */
export const PROBLEM_CODES = {
  syntax: "The text is not YAML or JSON.",
  duplicate_key: "A mapping holds the same key twice.",
  unquoted_expression: "An unquoted expression, whose braces YAML reads as a mapping.",
  number_too_large: "An integer beyond 2^53, which would silently change.",
  merge_key: "A YAML merge key (`<<`), which this language does not know.",
  invalid_shape: "A field is missing, or holds a value of the wrong kind.",
  unknown_field: "A field that does not exist here.",
  field_not_allowed: "A field that this step type does not have.",
  limit_exceeded: "The definition passes a limit on size, steps, depth or expression length.",
  invalid_duration: "A duration that is not one.",
  invalid_schedule: "A schedule whose times do not exist, or never come.",
  invalid_input_schema: "`input` is no valid JSON Schema.",
  unknown_type: "`uses` names a node type that does not exist.",
  invalid_config: "`with` does not fit the node type's schema.",
  duplicate_id: "Two steps of a scope have the same id.",
  shadowed_name: "A step id or loop name is used again inside its own scope.",
  reserved_name: "An id or name that the language needs for itself.",
  unknown_step: "A step that does not exist.",
  step_not_visible: "A step of a scope that cannot be seen from here.",
  unknown_port: "A port that the step does not have.",
  unknown_error_code: "An error code in `retry.errors` or `catch` that no step fails with.",
  unknown_name: "An expression names what cannot exist.",
  not_available: "A policy that this version does not carry out.",
  secrets_unavailable:
    "`secrets` are read where they cannot be, or used in a way that needs their value.",
  invalid_expression: "An expression that does not parse.",
  self_edge: "A step waits for itself.",
  cycle: "Steps wait for each other in a circle.",
  workflow_cycle: "Workflows run each other in a circle that no condition ends.",
  unreachable_step: "A step that can never run.",
} as const;
export type ProblemCode = keyof typeof PROBLEM_CODES;

export interface Finding {
  readonly code: ProblemCode;
  readonly message: string;
  readonly pointer: Pointer;
  /** Whether the key itself is meant, not its value. */
  readonly atKey?: boolean;
  /** Characters into the string at `pointer` (expressions). */
  readonly offset?: number;
  readonly suggestion?: string | null;
}

export type Report = (finding: Finding) => void;

/** A finding with its place in the text; line and column count from 1, null where there is no text. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  /** RFC 6901. */
  readonly pointer: string;
  readonly suggestion: string | null;
}

/** RFC 6901 text of a pointer. */
export function pointerText(pointer: Pointer): string {
  return pointer
    .map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/** `file:line:column: message (suggestion)`, with what is known. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null);
  const where = place.length > 0 ? place.join(":") : problem.pointer;
  const hint = problem.suggestion === null ? "" : ` ${problem.suggestion}`;
  return `${where}${where === "" ? "" : ": "}${problem.message}${hint}`;
}

/** A problem of a value without text. */
export function problemOf(finding: Finding): Problem {
  return {
    code: finding.code,
    message: finding.message,
    file: null,
    line: null,
    column: null,
    pointer: pointerText(finding.pointer),
    suggestion: finding.suggestion ?? null,
  };
}

/** The error that a caller meets: every problem in `details.problems`. */
export function definitionInvalid(problems: readonly Problem[]): LockstitchError {
  const lines = problems.map(formatProblem);
  return new LockstitchError("definition_invalid", lines.join("\n"), {
    details: { problems },
  });
}
