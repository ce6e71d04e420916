/** Scopes that grow while they are open: what is declared, with which policies, and what is refused. */
import { describe, expect, test } from "vitest";
import type { DeclaredStep } from "#kernel/events.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const step = (id: string, more: Partial<DeclaredStep> = {}): DeclaredStep => ({
  ...{ id, uses: "work", kind: "effect", with: { value: id }, needs: [] },
  ...more,
});

function open(isDynamic = true): KernelDriver {
  const plan = planOf({ steps: [{ id: "first", uses: "value", with: { value: 1 } }] });
  const root = { ...plan.root, dynamic: isDynamic };
  return new KernelDriver({ ...plan, root }, { paranoid: true }).start();
}

const declare = (driver: KernelDriver, ...steps: readonly DeclaredStep[]) =>
  driver.give({ kind: "declare", scope: "", steps });
const seal = (driver: KernelDriver, scope = "") => driver.give({ kind: "seal", scope });
const admits = (driver: KernelDriver) =>
  [...driver.effects.values()].filter(({ kind }) => kind === "admit");

describe("a step that is declared", () => {
  test("begins when what it needs has settled, with what it was given", () => {
    const driver = declare(open(), step("a", { needs: ["first"] }), step("b", { needs: ["a"] }));
    expect(driver.story()).toEqual(["succeeded first", "declared a", "declared b", "scheduled a"]);
    const inputs: unknown[] = [];
    driver.settle((_effect, input) => {
      inputs.push(input);
      return { ok: true, output: input };
    });
    expect(inputs).toEqual([{ value: "a" }, { value: "b" }]);
    expect(driver.state.terminal).toBe(null);
    seal(driver);
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", { value: "b" }]);
  });

  test("is blocked by a failure of what it needs, whatever its policies are", () => {
    const policies = { onError: "continue" as const };
    const driver = declare(
      open(),
      step("a", { uses: "boom", kind: "pure" }),
      step("b", { needs: ["a"], policies }),
    );
    seal(driver);
    expect(driver.story()).toContain("blocked b");
    expect(driver.state.terminal).toBe("failed");
  });

  test("has its priority, or that of the run", () => {
    const driver = declare(open(), step("a", { policies: { priority: 9 } }), step("b"));
    expect(
      admits(driver).map((effect) => [effect.key, "priority" in effect && effect.priority]),
    ).toEqual([
      ["admit:a#1", 9],
      ["admit:b#1", 5],
    ]);
  });

  test("has its timeout and deadline", () => {
    const policies = {
      timeout: "5s",
      deadline: "1m",
      retry: { attempts: 2, jitter: "none" as const },
    };
    const driver = declare(open(), step("a", { policies })).give({ kind: "admit", paths: ["a"] });
    const from = driver.nowMs;
    const timers = [...driver.effects.values()].flatMap((effect) =>
      effect.kind === "timer" ? [[effect.key, effect.dueAtMs - from]] : [],
    );
    expect(Object.fromEntries(timers)).toEqual({ "timeout:a#1": 5_000, "deadline:a": 60_000 });
    driver.fireNext();
    expect(driver.story().at(-1)).toBe("retry_scheduled a");
  });

  test.each([
    ["continue", null],
    [{ fallback: { stands: 1 } }, { stands: 1 }],
  ] as const)("stands for its failure by its own policy: %j", (onError, output) => {
    const driver = declare(
      open(),
      step("a", { uses: "boom", kind: "pure", policies: { onError } }),
    );
    const { output: ref = { v: 0 } } = driver.state.steps.get("a") ?? {};
    expect(driver.value(ref)).toEqual(output);
    seal(driver);
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("twice is declared once", () => {
    const driver = declare(open(), step("a"), step("a"));
    declare(driver, step("a"), step("first"));
    expect(driver.story().filter((line) => line.startsWith("declared"))).toEqual(["declared a"]);
  });

  test("that needs what its scope does not hold is a fault of whoever says so", () => {
    expect(() => declare(open(), step("a", { needs: ["nowhere"] }))).toThrow(
      'declared step "a" needs "nowhere", which its scope does not hold',
    );
  });
});

describe("refused, and nothing is journaled", () => {
  test.each<[string, KernelDriver, string]>([
    [
      "a scope that is complete from the start",
      declare(open(false).give({ kind: "continue" }), step("a")),
      "",
    ],
    ["one that is not open", seal(open(), "other"), "other"],
  ])("%s", (_name, driver, scope) => {
    if (driver.state.terminal === null)
      expect(driver.lastDecision?.refusal).toEqual({
        code: "step_not_found",
        message: `Run run_test has no open dynamic scope "${scope}".`,
      });
    expect(driver.types().filter((type) => /declared|sealed/.test(type))).toEqual([]);
  });

  test("one that was sealed", () => {
    const driver = seal(declare(open(), step("a")));
    declare(driver, step("b"));
    expect(driver.lastDecision?.refusal?.code).toBe("step_not_found");
    driver.settle();
    expect([driver.state.terminal, driver.story().filter((line) => line.includes("b"))]).toEqual([
      "succeeded",
      [],
    ]);
  });
});
