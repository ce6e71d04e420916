/** `stop` deep inside: what stands beside and behind it is cancelled at once, cleaning up goes on. */
import { describe, expect, test } from "vitest";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const STOP: Step = { id: "s", uses: "stop", with: { output: "stopped" }, if: "true" };
const beside: Step = { id: "w", uses: "work", with: { value: 1 }, needs: [] };
const behind: Step = { id: "b", uses: "work", with: { value: 1 }, needs: ["s"] };
const LAST: Step = { id: "last", uses: "work", with: { value: 1 } };

function run(...steps: readonly object[]): KernelDriver {
  const plan = planOf({ steps: [...steps] as Step[] });
  return new KernelDriver(plan, { paranoid: true }).start();
}

const INNER = [STOP, beside, behind];
const SCOPES: Readonly<Record<string, object>> = {
  // biome-ignore lint/suspicious/noThenProperty: the language's word
  if: { id: "x", uses: "if", with: { condition: "true" }, then: INNER },
  switch: {
    ...{ id: "x", uses: "switch", with: { value: "a" } },
    cases: [{ equals: "a", port: "a", steps: INNER }],
  },
  try: { id: "x", uses: "try", steps: INNER, catch: [{ steps: [LAST] }] },
  saga: { id: "x", uses: "saga", steps: INNER },
  while: {
    ...{ id: "x", uses: "while", with: { condition: "true", maxIterations: 3 } },
    steps: INNER,
  },
  for_each: { id: "x", uses: "for_each", with: { items: [1, 2] }, steps: INNER },
  parallel: { id: "x", uses: "parallel", branches: { l: { steps: INNER }, r: { steps: [LAST] } } },
};

describe("a stop", () => {
  test.each(Object.keys(SCOPES))("in the scope of `%s` ends the run with its output", (kind) => {
    const driver = run(SCOPES[kind] ?? {}, { id: "after", uses: "work" }).settle();
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", "stopped"]);
    const told = driver.story();
    expect(told).toContain("cancelled x");
    expect(told.filter((line) => /^(scheduled|started) .*(\.b|after)$/.test(line))).toEqual([]);
    expect(told.filter((line) => line.startsWith("failed"))).toEqual([]);
  });

  test("beside work that runs waits for its end", () => {
    const hold: Step = { id: "h", uses: "wait.signal", with: { name: "go" }, needs: [] };
    const driver = run({
      ...{ id: "x", uses: "try" },
      steps: [beside, hold, { ...STOP, needs: ["h"] }],
      finally: [LAST],
    });
    driver.give({ kind: "admit", paths: ["x.w"] });
    driver.give({ kind: "signal", id: "1", name: "go", key: null, payload: 1, by: "t" });
    expect([...driver.effects.values()].map(({ kind, key }) => [kind, key])).toEqual([
      ["abort", expect.any(String)],
    ]);
    driver.settle();
    expect(driver.story().slice(-4)).toEqual([
      ...["scheduled x.finally.last", "started x.finally.last", "succeeded x.finally.last"],
      "cancelled x",
    ]);
    expect(driver.output()).toBe("stopped");
  });

  test("in a `finally` lets the rest of it go on", () => {
    const driver = run({
      ...{ id: "x", uses: "try", steps: [{ id: "a", uses: "value", with: { value: 1 } }] },
      finally: [STOP, { ...LAST, needs: [] }],
    });
    driver.settle();
    expect(driver.story()).toContain("succeeded x.finally.last");
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", "stopped"]);
  });
});
