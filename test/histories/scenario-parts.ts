/** What scenarios are made of: definitions with the test's node types, outcomes of attempts. */
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import type { KernelDriver } from "../kernel/kernel-driver.ts";

export const LONG = "a text that is too long to stand inline. ".repeat(10);

export const value = (id: string, of: unknown, more: Partial<Step> = {}): Step => ({
  ...{ id, uses: "value", with: { value: of } },
  ...more,
});
export const work = (id: string, of: unknown = 1, more: Partial<Step> = {}): Step => ({
  ...{ id, uses: "work", with: { value: of } },
  ...more,
});

export function define(name: string, fields: Partial<WorkflowDefinition>): WorkflowDefinition {
  return { language: 1, name, steps: [], ...fields } as WorkflowDefinition;
}

export const failing = (code: string, retryable = true): AttemptOutcome => ({
  ok: false,
  error: { code, message: `it failed with ${code}`, retryable },
});

export const succeeding = (output: unknown): AttemptOutcome => ({ ok: true, output });

export function result(
  driver: KernelDriver,
  path: string,
  attempt: number,
  outcome: AttemptOutcome,
) {
  return driver.give({ kind: "result", path, attempt, outcome });
}

/** Who steers a run by hand, and why. */
export const by = { by: "ada", reason: "because" } as const;
