/**
 * What `npm test` says at its very end: which stages failed and why, in so few lines that whoever has
 * only the end of the output has the cause.
 */
import { relative } from "node:path";

/** Lines of causes, and characters of one. */
const LINES_MAX = 30;
const LENGTH_MAX = 200;

export interface FailedStage {
  readonly name: string;
  /** The most telling first; empty: its output says it. */
  readonly causes: readonly string[];
}

/** What is read of the report of vitest's JSON reporter. */
interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** Each failed test with the first line of its failure, and each file that did not load. */
export function testFailures(json: string, root: string): string[] {
  const causes: string[] = [];
  for (const file of (JSON.parse(json) as TestReport).testResults) {
    const name = relative(root, file.name).replaceAll("\\", "/");
    const failed = file.assertionResults.filter(({ status }) => status === "failed");
    for (const { fullName, failureMessages } of failed)
      causes.push(`${name} > ${fullName}: ${firstLine(failureMessages?.[0] ?? "no message")}`);
    if (failed.length === 0 && file.status === "failed")
      causes.push(`${name}: ${firstLine(file.message ?? "it does not load")}`);
  }
  return causes;
}

export function lastWords(stages: readonly FailedStage[]): string[] {
  if (stages.length === 0) return [];
  const causes = stages.flatMap(({ name, causes: of }) =>
    (of.length === 0 ? ["see its output above"] : of).map((cause) => `  ${name}: ${cut(cause)}`),
  );
  const shown = causes.slice(0, LINES_MAX);
  const left = causes.length - shown.length;
  return [
    `failed: ${stages.map(({ name }) => name).join(", ")}`,
    ...shown,
    ...(left === 0 ? [] : [`  and ${left} more: see above`]),
  ];
}

/** The first line that says something, without colours. */
export function firstLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
  const plain = text.replace(/\u001b\[[0-9;]*m/g, "");
  return plain.split("\n").find((line) => line.trim() !== "") ?? "";
}

function cut(text: string): string {
  return text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}…`;
}
