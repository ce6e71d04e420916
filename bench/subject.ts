/**
 * What is measured: something that runs a workflow of n effectful no-op steps and answers when it
 * has ended. Lockstitch over HTTP, Lockstitch in process and Restate over HTTP are each one.
 */

/** Sizes of the benchmark workflows, in steps. */
export const SIZES = [1, 5, 1_000] as const;
export type Size = (typeof SIZES)[number];

export interface Subject {
  readonly name: string;
  /** Resolves when a run of `steps` steps has succeeded and its caller has the answer. */
  run(steps: Size): Promise<void>;
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
