/** When two states of a run are the same, and which checkpoints are not taken (checkpoint.ts). */
import { describe, expect, test } from "vitest";
import { isSameState, restoreState, saveState } from "#kernel/checkpoint.ts";
import type { RunState } from "#kernel/state.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const STEPS: readonly Step[] = [
  { id: "a", uses: "work", with: { value: 1 } },
  { id: "b", uses: "value", with: { value: 1 }, needs: [] },
  { id: "c", uses: "value", with: { value: 2 }, needs: [] },
];

/** At each turn one thing only, so that there is always something left to do. */
function begun(turns: number): KernelDriver {
  const driver = new KernelDriver(planOf({ steps: [...STEPS] }), { exhaustAfter: 0 }).start();
  for (let turn = 0; turn < turns; turn++) driver.give({ kind: "continue" });
  return driver;
}

function copyOf({ state, plan }: KernelDriver): RunState {
  const copy = restoreState(saveState(state), plan);
  if (copy === null) throw new Error("a fresh checkpoint was refused");
  return copy;
}

describe("two states are the same", () => {
  test("however they came about", () => {
    for (let turns = 0; turns < 6; turns++) {
      const driver = begun(turns);
      expect(isSameState(copyOf(driver), driver.replay()), `${turns} turns`).toBe(true);
    }
  });

  test("in whatever order, and how often, is listed what wants to go on", () => {
    const driver = begun(2);
    const copy = copyOf(driver);
    expect(copy.agenda.length).toBeGreaterThan(1);
    copy.agenda.reverse();
    expect(isSameState(driver.state, copy)).toBe(true);
    copy.agenda.push(...copy.agenda);
    expect(isSameState(driver.state, copy)).toBe(true);
  });

  test("not if more has happened, or something else", () => {
    expect(isSameState(begun(2).state, begun(3).state)).toBe(false);
    const other = begun(2);
    other.state.labels = { x: "1" };
    expect(isSameState(begun(2).state, other.state)).toBe(false);
  });

  test("not if one of them has forgotten what it wanted to do", () => {
    const driver = begun(2);
    const copy = copyOf(driver);
    copy.agenda.pop();
    expect(isSameState(driver.state, copy)).toBe(false);
    copy.agenda.length = 0;
    expect(isSameState(driver.state, copy)).toBe(false);
  });

  test("whatever else is still listed that wants nothing any more", () => {
    const driver = begun(2);
    const copy = copyOf(driver);
    copy.agenda.push({ signalKey: "nobody" }, "run");
    expect(isSameState(driver.state, copy)).toBe(true);
  });
});

describe("a checkpoint", () => {
  const changed = (
    change: (saved: { stateVersion: number; scopes: { steps: unknown[] }[] }) => void,
  ) => {
    const driver = begun(3);
    const saved = JSON.parse(saveState(driver.state)) as Parameters<typeof change>[0];
    change(saved);
    return () => restoreState(JSON.stringify(saved), driver.plan);
  };

  test("of another version is refused", () => {
    expect(
      changed((saved) => {
        saved.stateVersion++;
      })(),
    ).toBe(null);
    expect(changed(() => {})()).not.toBe(null);
  });

  test("that does not belong to its plan is a fault", () => {
    const strange = changed(({ scopes }) => scopes[0]?.steps.push({ at: 99, status: "ready" }));
    expect(strange).toThrow("the checkpoint names a step that the plan does not have");
    expect(() => restoreState("no json", begun(0).plan)).toThrow(SyntaxError);
  });

  test("says of a step only what is not as it began", () => {
    const driver = begun(2);
    const [root] = (JSON.parse(saveState(driver.state)) as { scopes: { steps: object[] }[] })
      .scopes;
    for (const step of root?.steps ?? [])
      expect(Object.values(step).filter((one) => one === null || one === false)).toEqual([]);
    expect(root?.steps.map((step) => Object.keys(step).includes("verdict"))).toEqual([
      false,
      false,
      false,
    ]);
  });
});
