/**
 * A history: a small run on the bare kernel, written down. Files of released versions are replayed
 * by every later kernel, for ever; they are recorded once and never edited.
 *
 *   H1. Nothing in a history depends on the machine: time, chance and ids are those of the test.
 *   H2. `result` holds what must stay true whatever shape the state takes; the digest of the saved
 *       state is compared only by kernels of the same STATE_VERSION.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { STATE_VERSION, saveState } from "#kernel/checkpoint.ts";
import type { Send } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import { StepHistory } from "#kernel/history.ts";
import type { Input } from "#kernel/inputs.ts";
import type { RunState } from "#kernel/state.ts";
import { statusOf } from "#kernel/status.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { Plan } from "#workflow/plan.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import type { RunStatus } from "#workflow/statuses.ts";
import { type DriverOptions, KernelDriver, TEST_NODES } from "../kernel/kernel-driver.ts";

export interface Scenario {
  readonly name: string;
  readonly definition: WorkflowDefinition;
  /** Steps enter the root by `declare`, until `seal`. */
  readonly dynamic?: true;
  /** Secrets have another version after so long. Absent: nobody knows their versions. */
  readonly secretsChangeEveryMs?: number;
  /** Gives the run everything that happens to it, the start included. */
  play(driver: KernelDriver): void;
}

/** One input as it was given, and how many events it led to. */
export interface RecordedInput {
  readonly atMs: number;
  readonly input: Input;
  readonly events: number;
}

export interface RecordedEvent {
  readonly atMs: number;
  readonly event: RunEvent;
}

export interface History {
  readonly release: string;
  readonly name: string;
  readonly definition: WorkflowDefinition;
  readonly dynamic: boolean;
  readonly secretsChangeEveryMs?: number;
  readonly inputs: readonly RecordedInput[];
  readonly journal: readonly RecordedEvent[];
  readonly sends: readonly Send[];
  readonly result: HistoryResult;
  readonly state: { readonly version: number; readonly sha256: string };
}

export interface HistoryResult {
  readonly status: RunStatus;
  readonly output: unknown;
  readonly error: unknown;
  /** `path status attempts` of every step instance. */
  readonly steps: readonly string[];
}

const here = new URL(".", import.meta.url);

/** Each has a folder of its histories. */
export const RELEASES: readonly string[] = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

export function historiesOf(release: string): History[] {
  const folder = new URL(`${release}/`, here);
  return readdirSync(folder).map(
    (file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as History,
  );
}

export function planOfHistory({
  definition,
  dynamic,
}: Pick<History, "definition" | "dynamic">): Plan {
  const plan = compilePlan(definition, TEST_NODES);
  return dynamic ? { ...plan, root: { ...plan.root, dynamic: true } } : plan;
}

/** What the driver of a history is told of the world. */
export function worldOfHistory({
  secretsChangeEveryMs,
}: Pick<History, "secretsChangeEveryMs">): Pick<DriverOptions, "secretVersion"> {
  if (secretsChangeEveryMs === undefined) return {};
  return { secretVersion: (_name, nowMs) => `v${Math.floor(nowMs / secretsChangeEveryMs)}` };
}

/** Plays a scenario and writes it down, as plain JSON. */
export function recordHistory(scenario: Scenario, release: string): History {
  const { name, definition, dynamic = false, secretsChangeEveryMs } = scenario;
  const inputs: RecordedInput[] = [];
  class Recorder extends KernelDriver {
    override give(input: Input): this {
      const before = this.journal.length;
      const atMs = this.nowMs;
      super.give(input);
      inputs.push({ atMs, input, events: this.journal.length - before });
      return this;
    }
  }
  const driver = new Recorder(planOfHistory({ definition, dynamic }), {
    paranoid: true,
    ...worldOfHistory(scenario),
  });
  scenario.play(driver);
  const history = {
    ...{ release, name, definition, dynamic },
    ...(secretsChangeEveryMs === undefined ? {} : { secretsChangeEveryMs }),
    inputs,
    journal: driver.journal.map(({ event, atMs }) => ({ atMs, event })),
    sends: driver.sends,
    result: resultOf(driver.state, driver.journal, driver.output()),
    state: { version: STATE_VERSION, sha256: digestOf(driver.state) },
  };
  return asJson(history);
}

export function resultOf(
  state: RunState,
  journal: readonly RecordedEvent[],
  output: unknown,
): HistoryResult {
  const steps = new StepHistory(state.plan);
  for (const [index, { event, atMs }] of journal.entries()) steps.add(event, index + 1, atMs);
  return asJson({
    status: statusOf(state),
    output: output ?? null,
    error: state.error,
    steps: steps.rows().map(({ path, status, attempts }) => `${path} ${status} ${attempts}`),
  });
}

export function digestOf(state: RunState): string {
  return createHash("sha256").update(saveState(state)).digest("hex");
}

export function asJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
