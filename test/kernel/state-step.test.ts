/** Steps whose effect is made by the commit that settles them, on the bare kernel (state-step.ts). */
import { describe, expect, test } from "vitest";
import type { SharedValue } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import type { StateOperation } from "#workflow/state-operation.ts";
import { KernelDriver, planOf, TEST_NODES } from "./kernel-driver.ts";

const count = (id: string, more: Partial<Step> = {}): Step => ({ id, uses: "count", ...more });
const boom: Step = { id: "boom", uses: "boom" };
const ADD: StateOperation = {
  scope: "tenant",
  changes: [{ kind: "add", name: "n", by: 1, initial: 0 }],
  answers: "change",
};
const NOTHING: Readonly<Record<string, SharedValue>> = { n: { revision: 0, value: undefined } };

function start(steps: readonly Step[], more: Record<string, unknown> = {}): KernelDriver {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start();
}

function undone(driver: KernelDriver): readonly (string | undefined)[] {
  return driver.journal.flatMap(({ event }) =>
    event.type === "scope.opened" && event.slot.startsWith("compensate.") ? [event.key] : [],
  );
}

describe("a step that counts", () => {
  test("is tried again however often its host is lost: it cannot have been the reason", () => {
    const driver = start([count("a")]);
    for (let attempt = 1; attempt <= 10; attempt++) {
      driver.give({ kind: "admit", paths: ["a"] });
      driver.give({ kind: "lost", path: "a", attempt });
      const asked = [...driver.effects.values()].find(({ kind }) => kind === "admit");
      // Losses that count would make it wait alone for its slot.
      expect(asked).toMatchObject({ path: "a", attempt: attempt + 1, lostInARow: 0 });
    }
    driver.give({ kind: "admit", paths: ["a"] });
    driver.give({ kind: "operation", path: "a", attempt: 11, operation: ADD, before: NOTHING });
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("and was lost, stopped or timed out has not counted: nothing is undone", () => {
    const undo = { compensate: [{ id: "undo", uses: "work", with: { value: 1 } }] };
    const trip = (more: Partial<Step> = {}): Step[] => [
      { id: "trip", uses: "saga", steps: [count("a", { ...undo, ...more }), boom] },
    ];
    const lost = start(trip());
    lost.give({ kind: "admit", paths: ["trip.a"] });
    lost.give({ kind: "lost", path: "trip.a", attempt: 1 });
    lost.give({ kind: "cancel", by: "t", reason: null });
    lost.settle();
    expect([lost.state.terminal, undone(lost)]).toEqual(["cancelled", []]);
    const late = start(trip({ timeout: "1s" }));
    late.give({ kind: "admit", paths: ["trip.a"] }).fireNext();
    late.give({ kind: "operation", path: "trip.a", attempt: 1, operation: ADD, before: NOTHING });
    late.settle();
    expect(late.state.error).toMatchObject({ code: "timeout" });
    expect(undone(late)).toEqual([]);
    expect(late.types()).not.toContain("state.applied");
  });

  test("and has counted is undone", () => {
    const undo = { compensate: [{ id: "undo", uses: "work", with: { value: 1 } }] };
    const steps = [count("a", undo), { ...boom, needs: ["a"] }];
    const driver = start([{ id: "trip", uses: "saga", steps }]);
    driver.give({ kind: "admit", paths: ["trip.a"] });
    driver.give({ kind: "operation", path: "trip.a", attempt: 1, operation: ADD, before: NOTHING });
    driver.settle();
    expect(undone(driver)).toEqual(["trip.a"]);
  });

  test("twice has counted once", () => {
    const driver = start([count("a"), count("b")]);
    driver.give({ kind: "admit", paths: ["a", "b"] });
    const input = { kind: "operation", path: "a", attempt: 1, operation: ADD } as const;
    driver.give({ ...input, before: NOTHING }).give({ ...input, before: NOTHING });
    expect(driver.types().filter((type) => type === "state.applied")).toHaveLength(1);
    expect(driver.types()).toContain("step.late_result");
  });
});

test.each([
  ["concurrency", { key: "'a'", limit: 1 }],
  ["rateLimit", { key: "'a'", limit: 1, per: "1s" }],
  ["circuitBreaker", { key: "'a'", failureThreshold: 1, resetAfter: "1s" }],
  ["middleware", ["log"]],
  ["memo", {}],
])("`%s` is about calls: refused on the step, passed over as a default", (name, policy) => {
  const text = (defaults: unknown, own: unknown) =>
    JSON.stringify({
      ...{ language: 1, name: "w", defaults },
      steps: [{ ...{ id: "a", uses: "count" }, ...(own as object) }],
    });
  const of = (source: string) => parseWorkflow(source, { nodes: TEST_NODES, format: "json" });
  expect(of(text({}, { [name]: policy })).problems).toEqual([
    expect.objectContaining({ code: "field_not_allowed", message: expect.stringContaining(name) }),
  ]);
  const inherited = of(text({ [name]: policy, timeout: "5s" }, {}));
  expect(inherited.problems).toEqual([]);
  const plan = planOf({
    defaults: { [name]: policy, timeout: "5s" },
    steps: [count("a")],
  } as never);
  const [step] = plan.root.steps;
  expect(step).toMatchObject({ memo: null, gates: null, timeoutMs: 5_000 });
  expect(step?.policies.middleware).toBeUndefined();
});
