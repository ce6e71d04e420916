/** What a journal is worth: any prefix of it is the state that deciding had then, without a thought. */
import { describe, expect, test } from "vitest";
import { saveState } from "#kernel/checkpoint.ts";
import { evolve } from "#kernel/evolve.ts";
import { newState } from "#kernel/state.ts";
import type { Plan } from "#workflow/plan.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { KernelDriver, planOf, TEST_NODES } from "./kernel-driver.ts";
import { pick, randomDefinition, seededRandom } from "./random-definition.ts";
import { worldMove } from "./random-world.ts";

const SEEDS = Number(process.env["KERNEL_SEEDS"] ?? 150);

/** A random run to its end, with what was saved after each decision, by length of the journal. */
function play(seed: number): { driver: KernelDriver; saved: Map<number, string> } {
  const random = seededRandom(seed);
  const saved = new Map<number, string>();
  const driver: KernelDriver = new KernelDriver(compilePlan(randomDefinition(random), TEST_NODES), {
    random,
    exhaustAfter: 1,
    observe: (state) => () => {
      saved.set(state.seq, saveState(state));
    },
  });
  driver.start();
  const signals = { count: 0 };
  for (let moves = 0; driver.state.terminal === null && moves < 5_000; moves++)
    worldMove(driver, random, signals);
  return { driver, saved };
}

/** Makes every expression and template of a plan throw. */
function mute(plan: Plan): number {
  const seen = new Set<object>();
  let muted = 0;
  const silent = () => {
    throw new Error("an expression was evaluated while folding");
  };
  const walk = (owner: object): void => {
    if (seen.has(owner)) return;
    seen.add(owner);
    if (owner instanceof Map) return void [...owner.values()].forEach(walkValue);
    for (const [key, value] of Object.entries(owner)) {
      if (isObject(value) && "evaluate" in value && "reads" in value) {
        muted++;
        Object.assign(owner, {
          [key]: { ...value, evaluate: silent, test: silent, callable: silent },
        });
      } else walkValue(value);
    }
  };
  const walkValue = (value: unknown): void => {
    if (isObject(value)) walk(value);
  };
  const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
  walk(plan);
  return muted;
}

describe("a journal", () => {
  test("of any length folds to the state that deciding had at that point", () => {
    let cuts = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { driver, saved } = play(seed);
      const random = seededRandom(seed + 1_000_000);
      const lengths = [...saved.keys()];
      for (let cut = 0; cut < 12; cut++, cuts++) {
        const length = pick(random, lengths);
        expect(saveState(driver.replay(length)), `seed ${seed}, ${length} events`).toBe(
          saved.get(length),
        );
      }
    }
    expect(cuts).toBe(SEEDS * 12);
  });

  test("folds without evaluating anything", () => {
    let muted = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { driver } = play(seed);
      const plan = compilePlan(driver.plan.definition, TEST_NODES);
      muted += mute(plan);
      const state = newState("run_test", plan);
      for (const { event, atMs } of driver.journal) evolve(state, event, atMs);
      expect(saveState(state), `seed ${seed}`).toBe(saveState(driver.state));
    }
    expect(muted).toBeGreaterThan(SEEDS);
    expect(() => new KernelDriver(mutedPlan()).start()).toThrow("evaluated while folding");
  });

  function mutedPlan(): Plan {
    const plan = planOf({ steps: [{ id: "a", uses: "value", if: "1 < 2" }] });
    mute(plan);
    return plan;
  }
});

describe("what looks like chance or time", () => {
  const definition = {
    steps: [
      { id: "a", uses: "value", with: { value: ["${{ uuid() }}", "${{ uuid() }}"] } },
      {
        id: "each",
        uses: "for_each",
        with: { items: [1, 2] },
        steps: [{ id: "b", uses: "work", with: { value: "${{ uuid() }}" } }],
        output: "${{ steps.b.output.value }}",
      },
      { id: "now", uses: "value", with: { value: "${{ run.now }}" } },
    ],
    output: {
      a: "${{ steps.a.output }}",
      each: "${{ steps.each.output.results }}",
      now: "${{ steps.now.output }}",
    },
  };
  const run = (restarts: boolean) => {
    const driver = new KernelDriver(planOf(definition), { paranoid: true }).start();
    if (restarts) driver.restart();
    driver.nowMs += 5_000;
    return driver.settle();
  };

  test("uuid() is another for each call, step and item, and the same in every replay", () => {
    const first = run(false).output() as { a: string[]; each: string[]; now: unknown };
    const ids = [...first.a, ...first.each];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(run(true).output()).toEqual(first);
    expect(first.now).toBe(new Date(1_005_000).toISOString());
  });

  test("timers are due at the same instants after a restart; one that wakes early does nothing", () => {
    const driver = new KernelDriver(
      planOf({
        steps: [
          { id: "w", uses: "wait.for", with: { duration: "1h" }, needs: [] },
          { id: "s", uses: "wait.signal", with: { name: "go", expires: "2h" }, needs: [] },
          { id: "t", uses: "work", timeout: "10s", deadline: "1d", needs: [] },
          {
            id: "r",
            uses: "work",
            needs: [],
            retry: { attempts: 2, initial: "1m", jitter: "full" },
          },
        ],
      }),
      { paranoid: true, random: () => 0.25 },
    ).start();
    driver.give({ kind: "admit", paths: ["t", "r"] });
    const error = { code: "http.503", message: "no", retryable: true };
    driver.give({ kind: "result", path: "r", attempt: 1, outcome: { ok: false, error } });
    const timers = () =>
      [...driver.effects.values()].flatMap((effect) =>
        effect.kind === "timer" ? [`${effect.key} ${effect.dueAtMs - 1_000_000}`] : [],
      );
    const before = timers().toSorted();
    expect(before).toHaveLength(5);
    expect(driver.restart() && timers().toSorted()).toEqual(before);
    for (const effect of [...driver.effects.values()]) {
      if (effect.kind !== "timer") continue;
      driver.give({ kind: "timer", key: effect.key });
      expect(driver.lastDecision).toMatchObject({ applied: false, events: [] });
    }
    expect(timers().toSorted()).toEqual(before);
  });
});
