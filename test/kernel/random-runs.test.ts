/**
 * Property: whatever happens in whatever order, a run ends, or names what it waits for; and after
 * every decision effects equal pending(state), the journal folds to the same state, and a
 * checkpoint restores to it (KernelDriver.verify).
 */
import { describe, expect, test } from "vitest";
import { agendaWants } from "#kernel/agenda-wants.ts";
import type { DeclaredStep } from "#kernel/events.ts";
import { explainRun } from "#kernel/explain.ts";
import { VALUE_FIELDS, VALUE_FIELDS_OF } from "#kernel/value-fields.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { Plan } from "#workflow/plan.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { EXPECTED_EVENTS } from "./expected-events.ts";
import { KernelDriver, TEST_NODES } from "./kernel-driver.ts";
import {
  KERNEL_OPTIONS,
  pick,
  type Random,
  randomDefinition,
  seededRandom,
} from "./random-definition.ts";
import { batched, itemsOf } from "./random-stream.ts";
import { worldMove } from "./random-world.ts";

const SEEDS = Number(process.env["KERNEL_SEEDS"] ?? 400);
const FIRST_SEED = Number(process.env["KERNEL_SEED"] ?? 1);
/** Seeds that once failed, each with what it showed. */
const PINNED: readonly number[] = [];

interface Counts {
  readonly events: Map<string, number>;
  readonly ends: Map<string, number>;
  /** Pure steps computed off the turn: see KernelDriver.computed. */
  readonly computed: Map<string, number>;
}

function noCounts(): Counts {
  return { events: new Map(), ends: new Map(), computed: new Map() };
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function playRun(seed: number, counts: Counts, streams = false): void {
  const random = seededRandom(seed);
  const options = { ...KERNEL_OPTIONS, streams };
  const definition = randomDefinition(random, "random", options);
  const plan = compilePlan(definition, TEST_NODES);
  play(plan, random, counts, `seed ${seed} (KERNEL_SEED=${seed} KERNEL_SEEDS=1)`);
}

function play(plan: Plan, random: Random, counts: Counts, label: string, dynamic = false): void {
  const driver = new KernelDriver(plan, {
    random,
    lazyValues: random() < 0.5,
    paranoid: true,
    // Every other one, without a throw of the dice.
    ...(plan.hash < "8" ? { pins: { child: 3 } } : {}),
    // Rotated each second.
    ...(plan.hash < "8"
      ? { secretVersion: (_name: string, nowMs: number) => String(Math.floor(nowMs / 1_000)) }
      : {}),
    ...(random() < 0.4 ? { packedFrom: 280 } : {}),
    ...(random() < 0.3 ? { exhaustAfter: 1 + Math.floor(random() * 3) } : {}),
  });
  const signals = { count: 0 };
  const growth = { left: dynamic ? 6 : 0, sealed: !dynamic };
  try {
    driver.start();
    for (let moves = 0; driver.state.terminal === null; moves++) {
      if (moves > 5_000)
        throw new Error(`does not end: ${JSON.stringify(explainRun(driver.state, driver.nowMs))}`);
      if (!growth.sealed && random() < 0.3) grow(driver, random, growth);
      worldMove(driver, random, signals);
    }
    expect(agendaWants(driver.state)).toBe(false);
    expect(driver.effects.size).toBe(0);
  } catch (fault) {
    throw new Error(`${label}\n${(fault as Error).message}`, { cause: fault });
  }
  expect(wrongItems(driver)).toEqual([]);
  for (const { event } of driver.journal) {
    count(counts.events, event.type);
    if (event.type === "step.scheduled" && event.connectionSecrets !== undefined)
      count(counts.events, "secrets of a connection");
    if (event.type === "step.items_stored" && event.count !== undefined)
      count(counts.events, event.isLast === true ? "end of a stream" : "chunk of a stream");
    if (event.type === "step.started" && event.secrets !== undefined)
      count(counts.events, "secrets that changed");
    for (const field of VALUE_FIELDS)
      if (field in event) expect(VALUE_FIELDS_OF[event.type]).toContain(field);
  }
  count(counts.ends, driver.state.terminal ?? "none");
  for (const [what, times] of Object.entries(driver.computed))
    counts.computed.set(what, (counts.computed.get(what) ?? 0) + times);
}

/** Items of streams that are not those of the stream, or not in their place. */
function wrongItems({ journal }: KernelDriver): unknown[] {
  const wanted = new Map<string, readonly unknown[]>();
  return journal.flatMap(({ event }) => {
    if (event.type === "step.started" && event.control?.["stream"] === true) {
      const batch = (event.control["batch"] as number | undefined) ?? null;
      wanted.set(event.path, batched(itemsOf(event.input) ?? [], batch));
    }
    if (event.type !== "step.items_stored" || event.count === undefined) return [];
    const here = wanted.get(event.path)?.slice(event.from, event.from + event.count);
    return JSON.stringify(here) === JSON.stringify(event.values) ? [] : [event];
  });
}

function grow(
  driver: KernelDriver,
  random: Random,
  growth: { left: number; sealed: boolean },
): void {
  const root = driver.state.scopes.get("");
  if (root === undefined || root.sealed) {
    growth.sealed = true;
    return;
  }
  if (growth.left-- <= 0) {
    growth.sealed = true;
    driver.give({ kind: "seal", scope: "" });
    return;
  }
  const ids = root.steps.map(({ step }) => step.id);
  const kind = pick(random, ["pure", "effect", "wait.for"] as const);
  const step: DeclaredStep = {
    id: `d${ids.length}`,
    uses: kind === "pure" ? "value" : kind === "effect" ? "work" : "wait.for",
    kind,
    with: kind === "wait.for" ? { duration: "1s" } : { value: 1 },
    needs: ids.filter(() => random() < 0.3),
    ...(random() < 0.3 ? { policies: { retry: { attempts: 2 }, onError: "continue" } } : {}),
  };
  driver.give({ kind: "declare", scope: "", steps: [step] });
}

describe("random nested plans under random interleavings", () => {
  test(`${SEEDS} seeds end, explain themselves and replay`, () => {
    const counts: Counts = noCounts();
    for (const seed of PINNED) playRun(seed, counts);
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) playRun(seed, counts);
    if (SEEDS < 300) return;
    const wanted = [...EXPECTED_EVENTS, "secrets of a connection", "secrets that changed"];
    expect(wanted.filter((type) => !counts.events.has(type))).toEqual([]);
    for (const what of ["far", "near", "unneeded", "retried"])
      expect(
        counts.computed.get(what),
        `${what} ${JSON.stringify([...counts.computed])}`,
      ).toBeGreaterThan(0);
    for (const end of ["succeeded", "failed", "cancelled"])
      expect(counts.ends.get(end)).toBeGreaterThan(5);
  });

  test("loops through streams get every item once", () => {
    const counts: Counts = noCounts();
    for (let seed = 1; seed <= Math.min(SEEDS, 150); seed++) playRun(seed, counts, true);
    if (SEEDS < 150) return;
    expect(counts.events.get("chunk of a stream")).toBeGreaterThan(10);
    expect(counts.events.get("end of a stream")).toBeGreaterThan(10);
  });

  test("scopes that grow while open end once they are sealed", () => {
    const counts: Counts = noCounts();
    for (let seed = 1; seed <= Math.min(SEEDS, 200); seed++) {
      const random = seededRandom(seed);
      const definition = { language: 1, name: "grows", steps: [{ id: "first", uses: "work" }] };
      const plan = compilePlan(definition as WorkflowDefinition, TEST_NODES);
      const root = { ...plan.root, dynamic: true };
      play({ ...plan, root }, random, counts, `dynamic seed ${seed}`, true);
    }
    if (SEEDS < 200) return;
    expect(counts.events.get("step.declared")).toBeGreaterThan(100);
    expect(counts.events.get("scope.sealed")).toBeGreaterThan(50);
  });
});
