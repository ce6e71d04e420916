/** What a saga keeps of a step that it may have to undo: no more than it reads, and nothing that was not done. */
import { expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const work = (id: string, more: object = {}): Step =>
  ({ id, uses: "work", with: { value: id }, ...more }) as Step;
const undo = (value: unknown): object => ({ compensate: [work("undo", { with: { value } })] });

function saga(steps: readonly Step[]): KernelDriver {
  const plan = planOf({ steps: [{ id: "s", uses: "saga", steps: [...steps] } as Step] });
  return new KernelDriver(plan, { paranoid: true }).start();
}

/** What the saga keeps so far. */
function kept(driver: KernelDriver) {
  const control = driver.state.steps.get("s")?.live?.control;
  if (control?.kind !== "saga") throw new Error("no saga is open");
  return control.compensables;
}

const HANG = { id: "hang", uses: "wait.signal", with: { name: "go" } } as Step;

function keptOf(value: unknown, before: Step = work("before")) {
  const driver = saga([before, work("x", undo(value)), HANG]).settle();
  const [one] = kept(driver);
  return { driver, captured: one?.steps?.["before"], one };
}

test("steps are kept with the fields that the compensation reads", () => {
  const { driver, captured } = keptOf("${{ steps.before.output.value }}");
  expect(captured).toMatchObject({ status: "succeeded", attempt: 1, error: null });
  expect(driver.value(captured?.output ?? { v: 0 })).toEqual({ value: "before" });
  expect(keptOf("${{ steps.before.status }}").captured).toEqual({
    ...{ status: "succeeded", attempt: 1, error: null, output: { v: null } },
  });
  const whole = keptOf("${{ steps.before }}");
  expect(whole.driver.value(whole.captured?.output ?? { v: 0 })).toEqual({ value: "before" });
  expect(keptOf("nothing is read").one?.steps).toBeUndefined();
});

test("an error is kept only where it is read", () => {
  const failing = { id: "before", uses: "boom", onError: "continue" } as Step;
  expect(keptOf("${{ steps.before.error.code }}", failing).captured?.error).toMatchObject({
    code: "failed",
  });
  expect(keptOf("${{ steps.before.status }}", failing).captured).toMatchObject({
    ...{ status: "failed", error: null },
  });
  expect(keptOf("${{ steps.before }}", failing).captured?.error).toMatchObject({ code: "failed" });
});

test("a remembered result has done nothing, and is not undone", () => {
  const memo = { memo: { key: "'k'" } };
  const hit = {
    ...{ kind: "memo_hit", path: "s.x", attempt: 1, key: "k", output: 7 },
    from: { runId: "run_before", path: "a", attempt: 1 },
  } as unknown as Input;
  const driver = saga([work("x", { ...undo("${{ output }}"), ...memo }), HANG]).give(hit);
  expect(kept(driver)).toEqual([]);
  const done = saga([work("x", { ...undo("${{ output }}"), ...memo }), HANG]).settle();
  expect(kept(done)).toMatchObject([{ path: "s.x", outcome: "succeeded" }]);
});
