/** needs(state, input): what a host must load before it decides is what decide would ask for. */
import { expect, test } from "vitest";
import { saveState } from "#kernel/checkpoint.ts";
import { needs } from "#kernel/needs.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { KernelDriver, planOf, TEST_NODES } from "./kernel-driver.ts";
import { randomDefinition, seededRandom } from "./random-definition.ts";
import { worldMove } from "./random-world.ts";

const SEEDS = Number(process.env["KERNEL_SEEDS"] ?? 400);
const LONG = "x".repeat(400);

// Twice every decision of 400 runs, each with two checkpoints: a busy machine needs its time.
test("names exactly the references that decide asks for, and changes nothing", () => {
  let asked = 0;
  let decisions = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const driver = new KernelDriver(compilePlan(randomDefinition(random), TEST_NODES), {
      random: () => 0.5,
      lazyValues: true,
      exhaustAfter: 1,
      observe(state, input, world) {
        const before = saveState(state);
        const refs = needs(state, input, world);
        expect(saveState(state), `seed ${seed}: needs changed the state`).toBe(before);
        return (decision) => {
          decisions++;
          asked += decision.needs.length;
          expect(refs, `seed ${seed}: ${input.kind}`).toEqual(decision.needs);
        };
      },
    });
    driver.start();
    const signals = { count: 0 };
    for (let moves = 0; driver.state.terminal === null && moves < 2_000; moves++) {
      // Another process has no value loaded.
      if (random() < 0.7) driver.restart();
      worldMove(driver, random, signals);
    }
  }
  if (SEEDS < 300) return;
  expect(decisions).toBeGreaterThan(2_000);
  expect(asked).toBeGreaterThan(50);
});

test("a value that stands inline is never needed; a long one until it is loaded", () => {
  const seen: [string, number][] = [];
  const driver = new KernelDriver(
    planOf({
      steps: [
        { id: "a", uses: "work", with: { value: 1 } },
        { id: "b", uses: "work", with: { value: "${{ steps.a.output.length + input.n }}" } },
      ],
    }),
    {
      lazyValues: true,
      observe(state, input, world) {
        seen.push([input.kind, needs(state, input, world).length]);
        return undefined;
      },
    },
  );
  driver.start({ n: 1 }).give({ kind: "admit", paths: ["a"] });
  driver.give({ kind: "pause", by: "me", reason: null });
  driver.give({ kind: "result", path: "a", attempt: 1, outcome: { ok: true, output: LONG } });
  // Another process has nothing loaded.
  driver.restart();
  driver.give({ kind: "resume", by: "me", reason: null });
  expect(seen.slice(-3)).toEqual([
    ["result", 0],
    ["resume", 1],
    ["continue", 0],
  ]);
  expect(driver.story().at(-1)).toBe("scheduled b");
});
