/** What a for_each makes of its items: keys, ranges and batches at their edges, and what its scopes give. */
import { describe, expect, test } from "vitest";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const SEE: Step = { id: "see", uses: "value", with: { value: "${{ [index, item] }}" } };

function loop(settings: object, more: object = {}, options: DriverOptions = {}): KernelDriver {
  const each = { id: "each", uses: "for_each", with: settings, steps: [SEE], ...more } as Step;
  return new KernelDriver(planOf({ steps: [each] }), { paranoid: true, ...options }).start({
    none: null,
  });
}

const results = (settings: object) =>
  (loop(settings).output() as { readonly results: unknown }).results;

describe("items", () => {
  test.each<[string, object, unknown]>([
    [
      "a full last batch",
      { items: [1, 2, 3, 4], batch: 2 },
      [
        [0, [1, 2]],
        [1, [3, 4]],
      ],
    ],
    ["one batch of all", { items: [1, 2], batch: 5 }, [[0, [1, 2]]]],
    ["no batch of nothing", { items: [], batch: 2 }, []],
    [
      "a range",
      { items: { range: { start: 3, end: 5 } } },
      [
        [0, 3],
        [1, 4],
      ],
    ],
    [
      "a range whose end is no step",
      { items: { range: { start: 0, end: 5, step: 2 } } },
      [
        [0, 0],
        [1, 2],
        [2, 4],
      ],
    ],
    [
      "a range downwards",
      { items: { range: { start: 2, end: 0, step: -1 } } },
      [
        [0, 2],
        [1, 1],
      ],
    ],
    ["a range that is empty", { items: { range: { start: 2, end: 0 } } }, []],
    [
      "a range in batches",
      { items: { range: { start: 0, end: 4 } }, batch: 2 },
      [
        [0, [0, 1]],
        [1, [2, 3]],
      ],
    ],
    [
      "an object that has more than a range",
      { items: { range: 1, more: 2 } },
      [
        ["range", 1],
        ["more", 2],
      ],
    ],
    ["an empty object", { items: {} }, []],
  ])("%s", (_name, settings, expected) => {
    expect(results(settings)).toEqual(expected);
  });

  test("of an object keep their keys over chunks, whoever goes on", () => {
    const items = Object.fromEntries(Array.from({ length: 1_005 }, (_, at) => [`k${at}`, at]));
    const driver = loop({ items, concurrency: 1_005 }, {}, { exhaustAfter: 50, paranoid: false });
    driver.restart().settle();
    const { results } = driver.output() as { readonly results: readonly unknown[] };
    expect(results).toHaveLength(1_005);
    expect([results[0], results[999], results[1_000], results[1_004]]).toEqual([
      ["k0", 0],
      ["k999", 999],
      ["k1000", 1_000],
      ["k1004", 1_004],
    ]);
    const stored = driver.journal.flatMap(({ event }) =>
      event.type === "step.items_stored" ? [[event.from, event.keys?.length]] : [],
    );
    expect(stored).toEqual([
      [0, 1_000],
      [1_000, 5],
    ]);
  });

  test("that are too many fail the loop before it begins, and are not asked for again", () => {
    const items = { range: { start: 0, end: 1_000_001 } };
    const driver = loop({ items }, { retry: { attempts: 3, initial: "1s" } });
    expect(driver.story()).toEqual(["failed each"]);
    expect(driver.state.error).toEqual({
      ...{ code: "limit_exceeded", path: "each", retryable: false },
      message: 'for_each "each" has 1000001 items; the limit is 1000000 a loop.',
    });
  });

  test("that cannot be evaluated fail it with what is wrong", () => {
    const driver = loop({ items: "${{ input.none.more }}" });
    expect(driver.state.error).toMatchObject({ code: "expression_failed", path: "each" });
    const odd = loop({ items: "${{ 5 }}" });
    expect(odd.state.error?.code).toBe("config_invalid");
    expect(odd.state.error?.message).toMatch(/^"each" \(for_each\): with\.items: ./);
  });
});

describe("a scope's output", () => {
  const outputOf = (output: unknown) => loop({ items: [1, 2] }, { output });

  test("has ids of its own, the same in a replay", () => {
    const { results } = outputOf("${{ uuid() }}").output() as { readonly results: string[] };
    expect(new Set(results).size).toBe(2);
    expect(outputOf("${{ uuid() }}").output()).toEqual({ results, succeeded: 2, failed: [] });
  });

  test("that fails is the failure of the scope, at its path", () => {
    const driver = outputOf("${{ steps.see.output.nowhere.more }}");
    const closed = driver.journal.flatMap(({ event }) =>
      event.type === "scope.closed" && event.path !== "" ? [event] : [],
    );
    expect(closed[0]).toEqual({
      ...{ type: "scope.closed", path: "each[0]", outcome: "failed", errorPath: "each[0]" },
      error: { code: "expression_failed", message: expect.any(String), retryable: false },
    });
    expect(driver.state.error?.message).toMatch(/ \(first of 2 failed items, at each\[0\]\)$/);
  });

  test("of several last steps is one by their ids, of none nothing", () => {
    const two = { steps: [SEE, { id: "b", uses: "value", with: { value: 5 }, needs: [] }] };
    expect(loop({ items: [1] }, two).output()).toMatchObject({
      results: [{ see: [0, 1], b: 5 }],
    });
  });
});

test("what a pass of a while hands on waits for what it reads, and keeps what it does not name", () => {
  const LONG = "y".repeat(400);
  const step = {
    ...{ id: "loop", uses: "while" },
    with: { condition: "carry.n < 2", maxIterations: 5, carry: { n: 0, kept: LONG } },
    steps: [{ id: "w", uses: "work", with: { value: LONG } }],
    update: { n: "${{ carry.n + steps.w.output.value.length / 400 }}" },
    output: "${{ [carry.n, carry.kept.length, steps.w.output.value.length] }}",
  } as unknown as Step;
  const driver = new KernelDriver(planOf({ steps: [step] }), { paranoid: true, lazyValues: true });
  driver.start();
  while (driver.state.terminal === null) {
    driver.restart();
    const [effect] = driver.effects.values();
    if (effect !== undefined) driver.perform(effect);
  }
  expect(driver.output()).toEqual({
    ...{ passes: 2, carry: { n: 2, kept: LONG }, output: [1, 400, 400] },
  });
});
