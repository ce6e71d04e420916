/** The items of a for_each are what they were when it began, whatever changes while they are stored. */
import { expect, test } from "vitest";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const COUNT = 2_500;
const listOf = (value: number) => Array.from({ length: COUNT }, () => value);

/** Every decision does one thing only: as many turns as there can be. */
function open(items: unknown, vars: Record<string, unknown>): KernelDriver {
  const each = {
    ...{ id: "each", uses: "for_each", with: { items, concurrency: 1 } },
    steps: [{ id: "see", uses: "value", with: { value: "${{ item }}" } }],
    output: "${{ steps.see.output.value }}",
  };
  const steps = [
    { id: "first", uses: "value", with: { value: "${{ input.list }}" } },
    { id: "count", uses: "count", with: {}, needs: [] },
    // It begins with the first of them, so that the other may be under way.
    { ...each, needs: ["first", "count"], triggerRule: "any_success" },
  ];
  const driver = new KernelDriver(planOf({ vars, steps } as never), { exhaustAfter: 0 });
  return driver.start({ list: listOf(1) });
}

function stored(driver: KernelDriver): unknown[] {
  return driver.journal.flatMap(({ event }) =>
    event.type === "step.items_stored" ? (event.values as unknown[]) : [],
  );
}

/** Goes on until the first items are stored. */
function untilStored(driver: KernelDriver): void {
  for (let turn = 0; turn < 100 && stored(driver).length === 0; turn++)
    driver.give({ kind: "continue" });
}

test("a variable that another step changes meanwhile", () => {
  const driver = open("${{ vars.list }}", { list: listOf(1) });
  untilStored(driver);
  driver.give({ kind: "admit", paths: ["count"] });
  driver.give({
    ...{ kind: "operation", path: "count", attempt: 1, before: null },
    operation: {
      scope: "run",
      answers: "change",
      changes: [{ kind: "set", name: "list", value: listOf(2) }],
    },
  });
  driver.restart().settle();
  expect(new Set(stored(driver))).toEqual(new Set([1]));
  expect(stored(driver)).toHaveLength(COUNT);
});

test("the time of the run, and the status of a step that has not ended", () => {
  for (const items of [
    "${{ input.list.map(one => run.now) }}",
    "${{ input.list.map(one => steps.count.status) }}",
  ]) {
    const driver = open(items, {});
    untilStored(driver);
    driver.nowMs += 5_000;
    driver.give({ kind: "admit", paths: ["count"] });
    driver.restart().settle();
    expect(new Set(stored(driver)).size, items).toBe(1);
    expect(stored(driver)).toHaveLength(COUNT);
  }
});

test.each([
  "${{ input.list }}",
  "${{ steps.first.output }}",
  "${{ workflow.name ? input.list : 0 }}",
])(
  "what cannot change is stored over as many turns as it takes, and is not kept beside that: %s",
  (items) => {
    const driver = open(items, {});
    untilStored(driver);
    expect(stored(driver).length).toBeLessThan(COUNT);
    driver.restart();
    while (stored(driver).length < COUNT) driver.give({ kind: "continue" });
    expect(driver.state.steps.get("each")?.live?.scratch).toBeUndefined();
    driver.settle();
    expect(new Set(stored(driver))).toEqual(new Set([1]));
  },
);
