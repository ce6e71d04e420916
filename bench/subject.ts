/**
 * What is measured: something that runs a workflow of n effectful no-op steps and answers when it
 * has ended. Lockstitch over HTTP, Lockstitch in process and Restate over HTTP are each one.
 */

/** Sizes of the benchmark workflows, in steps. */
export const SIZES = [1, 5, 1_000] as const;
export type Size = (typeof SIZES)[number];

/** Steps of the chain in E: each adds one to what the step before gave. */
export const PURE_STEPS = 1_000;
export const PURE_WORKFLOW = "bench-pure";

export interface Subject {
  readonly name: string;
  /** Resolves when a run of `steps` steps has succeeded and its caller has the answer. */
  run(steps: Size): Promise<void>;
  /** Resolves when a chain of PURE_STEPS steps that only compute has succeeded; null: it has no such steps. */
  readonly compute: (() => Promise<void>) | null;
  /** Counts what is kept and stops everything; one line for people each. Throws where a count is off. */
  close(): Promise<readonly string[]>;
}

/** How many runs and steps a subject was asked for, to be compared with what it kept. */
export class Claims {
  runs = 0;
  steps = 0;

  add(steps: number): void {
    this.runs += 1;
    this.steps += steps;
  }
}

/** Name of the workflow with so many steps. */
export function workflowName(steps: Size): string {
  return `bench-${steps}`;
}

/** A chain of `steps` no-op attempts: a step without `needs` follows the one before. */
export function workflowOf(steps: Size) {
  return {
    language: 1,
    name: workflowName(steps),
    steps: Array.from({ length: steps }, (_, index) => ({
      id: `step${index + 1}`,
      uses: "bench.noop",
    })),
  } as const;
}

/** A chain of steps that only compute, each with the output of the one before. */
export function pureWorkflow() {
  return {
    language: 1,
    name: PURE_WORKFLOW,
    steps: Array.from({ length: PURE_STEPS }, (_, index) => ({
      id: `step${index + 1}`,
      uses: "data.set",
      with: { value: index === 0 ? 1 : `\${{ steps.step${index}.output + 1 }}` },
    })),
  } as const;
}
