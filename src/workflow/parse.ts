/**
 * From the text of a workflow to its canonical definition and plan, or to every problem at once
 * with file, line, column and a suggestion.
 */
import { type CheckedDefinition, check } from "./check.ts";
import type { WorkflowDefinition } from "./definition.ts";
import { isGraphJson } from "./import/graph-json.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Plan } from "./plan.ts";
import { definitionInvalid, type Problem, pointerText } from "./problem.ts";
import { Lines, offsetOf } from "./source.ts";
import { readJson } from "./source-json.ts";
import { readYaml } from "./source-yaml.ts";

export const DEFINITION_BYTES_MAX = 10 * 1024 * 1024;

export interface ParseOptions {
  readonly nodes: NodeTypes;
  /** Stands in the problems, and its ending decides the format. */
  readonly file?: string;
  /** Default: by the file's ending, else JSON when the text starts with `{`. */
  readonly format?: "yaml" | "json";
}

/** Reads, checks and plans a workflow. Never throws for what the text says. */
export function parseWorkflow(text: string, options: ParseOptions): CheckedDefinition {
  const file = options.file ?? null;
  if (text.length > DEFINITION_BYTES_MAX) return invalid([tooLong(text, file)]);
  const isJson = formatOf(text, options) === "json";
  const source = isJson ? readJson(text, { positions: false }) : readYaml(text);
  const lines = new Lines(text);
  const problems: (Problem & { readonly offset: number })[] = source.faults.map((fault) => ({
    code: fault.code,
    message: fault.message,
    file,
    ...lines.place(fault.offset),
    pointer: pointerText(fault.pointer),
    suggestion: fault.suggestion,
    offset: fault.offset,
  }));
  if (source.value === undefined) return invalid(problems);
  const { definition, plan, findings } = check(namedByFile(source.value, file), options.nodes);
  const placed = isJson && findings.length > 0 ? readJson(text, { positions: true }) : source;
  for (const finding of findings) {
    const offset = offsetOf(finding, placed, text);
    problems.push({
      code: finding.code,
      message: finding.message,
      file,
      ...lines.place(offset),
      pointer: pointerText(finding.pointer),
      suggestion: finding.suggestion ?? null,
      offset,
    });
  }
  if (problems.length === 0 && definition !== null && plan !== null)
    return { definition, plan, problems: [] };
  return invalid(problems.toSorted((left, right) => left.offset - right.offset));
}

/** The same, for callers who cannot go on: throws LockstitchError definition_invalid. */
export function parseWorkflowOrThrow(
  text: string,
  options: ParseOptions,
): { readonly definition: WorkflowDefinition; readonly plan: Plan } {
  const parsed = parseWorkflow(text, options);
  if (parsed.definition === null) throw definitionInvalid(parsed.problems);
  return { definition: parsed.definition, plan: parsed.plan };
}

/** A graph of another editor has no name of its own: it gets that of its file. */
function namedByFile(value: unknown, file: string | null): unknown {
  if (file === null || !isGraphJson(value) || "name" in value) return value;
  const name = file.replace(/^.*[\\/]/, "").replace(/(?:\.workflow)?\.[^.]*$/, "");
  return { ...value, name };
}

function formatOf(text: string, options: ParseOptions): "yaml" | "json" {
  if (options.format !== undefined) return options.format;
  if (options.file !== undefined && /\.json$/i.test(options.file)) return "json";
  if (options.file !== undefined && /\.ya?ml$/i.test(options.file)) return "yaml";
  return /^\uFEFF?\s*\{/.test(text) ? "json" : "yaml";
}

function invalid(problems: readonly Problem[]): CheckedDefinition {
  const plain = problems.map(({ code, message, file, line, column, pointer, suggestion }) => {
    return { code, message, file, line, column, pointer, suggestion };
  });
  return { definition: null, plan: null, problems: plain };
}

function tooLong(text: string, file: string | null): Problem {
  return {
    code: "limit_exceeded",
    message: `The definition has ${text.length} characters; at most ${DEFINITION_BYTES_MAX} are allowed.`,
    file,
    line: 1,
    column: 1,
    pointer: "",
    suggestion: "Move data out of the definition, into files or the input.",
  };
}
