/**
 * Property: parallel equals sequential. Without races, time limits and people, the outcome and the
 * output of every step and of the run are the same in whatever order attempts, timers and children
 * end, and whichever attempts are lost on the way; sagas undo the same steps, if in another order.
 * Left out, since the order decides there: join any and first, any_success, failFast, fail, stop,
 * timeouts, deadlines, signals.
 */
import { expect, test } from "vitest";
import { StepHistory } from "#kernel/history.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import { statusOf } from "#kernel/status.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { KernelDriver, TEST_NODES } from "./kernel-driver.ts";
import {
  KERNEL_OPTIONS,
  pick,
  type Random,
  randomDefinition,
  seededRandom,
} from "./random-definition.ts";

const SEEDS = Number(process.env["INTERLEAVING_SEEDS"] ?? 150);

/** Every failure is the same one, so that "the first failure" does not depend on the order. */
const FAILURE: AttemptOutcome = {
  ok: false,
  error: { code: "failed", message: "as the seed wills", retryable: true },
};

type Fields = Record<string, unknown>;

/** Takes out of a definition what makes the order matter. */
function withoutRaces(definition: WorkflowDefinition): WorkflowDefinition {
  const copy = structuredClone(definition) as unknown as Fields;
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("uses" in value) tame(value as Fields);
    for (const inner of Object.values(value)) walk(inner);
  };
  delete copy["failFast"];
  delete copy["deadline"];
  walk(copy);
  return copy as unknown as WorkflowDefinition;
}

function tame(step: Fields): void {
  const limits = ["timeout", "heartbeatTimeout", "deadline", "cleanupTimeout"];
  for (const field of ["failFast", ...limits]) delete step[field];
  if (step["triggerRule"] === "any_success") step["triggerRule"] = "all_done";
  if (step["uses"] === "parallel") step["with"] = { join: "all" };
  if (["fail", "stop", "workflow.continue", "wait.signal"].includes(String(step["uses"])))
    Object.assign(step, { uses: "wait.for", with: { duration: "5s" } });
  if (step["uses"] === "wait.approval") step["with"] = { title: "ok?" };
}

type Order = (random: Random, count: number) => number;
const ORDERS: readonly Order[] = [
  () => 0,
  (_random, count) => count - 1,
  (random, count) => Math.floor(random() * count),
  (random, count) => Math.floor(random() * count),
];

/** Fails the first so many results of a path, by its name alone. */
function failuresOf(path: string, seed: number): number {
  let hash = seed;
  for (const char of path) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return [0, 0, 0, 1, 2, 9][hash % 6] ?? 0;
}

function play(definition: WorkflowDefinition, seed: number, order: number) {
  const random = seededRandom(seed * 31 + order);
  const driver = new KernelDriver(compilePlan(definition, TEST_NODES), {
    random,
    lazyValues: order > 1,
    // Large values as bytes, which other steps are computed from later: they come to the same.
    ...(order === 3 ? { packedFrom: 200 } : {}),
    ...(order % 2 === 1 ? { exhaustAfter: 1 } : {}),
  });
  const results = new Map<string, number>();
  const lost = new Set<string>();
  driver.start();
  for (let moves = 0; driver.state.terminal === null; moves++) {
    if (moves > 20_000) throw new Error(`seed ${seed} does not end`);
    if (driver.more) {
      driver.give({ kind: "continue" });
      continue;
    }
    const choices = [
      ...driver.computing.map((_step, at) => () => void driver.compute(at)),
      ...[...driver.effects.values()].map((effect) => () => {
        if (effect.kind !== "attempt") return void driver.perform(effect);
        const { path, attempt } = effect;
        // A lost attempt leaves doubt, so that a saga undoes what failed afterwards.
        const isUndone = driver.state.steps.get(path)?.step.compensate != null;
        if (order > 1 && random() < 0.2 && !lost.has(path) && !isUndone) {
          lost.add(path);
          return void driver.give({ kind: "lost", path, attempt });
        }
        const before = results.get(path) ?? 0;
        results.set(path, before + 1);
        const isBad = before < failuresOf(path, seed);
        const output = before % 2 === 0 ? path : path.padEnd(400, "~");
        const outcome: AttemptOutcome = isBad ? FAILURE : { ok: true, output };
        driver.give({ kind: "result", path, attempt, outcome });
      }),
      ...[...driver.state.steps.values()].flatMap(({ path, live }) => {
        const wait = live?.wait;
        if (wait?.kind === "approval")
          return [() => void driver.give({ ...APPROVED, kind: "approval", path })];
        if (wait?.kind !== "child") return [];
        const end = { status: "succeeded", output: path, error: null } as const;
        return [
          () => void driver.give({ kind: "child_finished", path, runId: wait.runId, ...end }),
        ];
      }),
    ];
    const choice = ORDERS[order]?.(random, choices.length) ?? 0;
    const move = choices[choice];
    if (move === undefined) throw new Error(`seed ${seed} is stuck`);
    move();
  }
  return { outcome: outcomeOf(driver), journal: driver.types().join(), far: driver.computed.far };
}

const APPROVED = { approved: true, comment: null, form: null, by: "t" } as const;

/** Status and output of every path and of the run. */
function outcomeOf(driver: KernelDriver) {
  const history = new StepHistory(driver.plan);
  for (const [index, { event, atMs }] of driver.journal.entries())
    history.add(event, index + 1, atMs);
  // What people and time bring tells when it came.
  const timeless = (uses: string, value: unknown) => (uses.startsWith("wait.") ? null : value);
  const rows = history
    .rows()
    .map(({ path, uses, status, output }) => [
      path,
      { status, output: timeless(uses, driver.value(output)) },
    ]);
  return withoutFirst({
    status: statusOf(driver.state),
    output: driver.output(),
    steps: Object.fromEntries(rows.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))),
  });
}

/** Which of several failures came first is the order's to say; messages name it. */
function withoutFirst<Value>(value: Value): Value {
  const text = JSON.stringify(value).replaceAll(/ \(first of \d+ failed items, at [^)]*\)/g, "");
  return JSON.parse(text, (_key, field: Fields | null) => {
    if (field?.["code"] !== "compensation_failed") return field;
    const details = field["details"] as { readonly count: number } | undefined;
    return { code: "compensation_failed", count: details?.count ?? null };
  }) as Value;
}

test(`${SEEDS} definitions end alike in every order`, () => {
  const ends = new Map<string, number>();
  let different = 0;
  let far = 0;
  let steps = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const options = { ...KERNEL_OPTIONS, failing: pick(seededRandom(seed), ["value", "work"]) };
    const definition = withoutRaces(randomDefinition(seededRandom(seed), "random", options));
    const [sequential, ...others] = ORDERS.map((_order, at) => play(definition, seed, at));
    for (const [at, { outcome, journal, far: times }] of others.entries()) {
      far += times;
      expect(outcome, `seed ${seed}, order ${at + 1}`).toEqual(sequential?.outcome);
      if (journal !== sequential?.journal) different++;
    }
    const end = String(sequential?.outcome.status);
    ends.set(end, (ends.get(end) ?? 0) + 1);
    steps += Object.keys(sequential?.outcome.steps ?? {}).length;
  }
  // The orders were orders: journals differ, runs are not trivial, and both ends occur.
  expect(different).toBeGreaterThan(SEEDS);
  expect(far).toBeGreaterThan(0);
  expect(steps).toBeGreaterThan(SEEDS * 4);
  expect(ends.get("succeeded")).toBeGreaterThan(SEEDS / 10);
  expect(ends.get("failed")).toBeGreaterThan(SEEDS / 10);
});
