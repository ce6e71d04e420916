/** A compensation that failed is never hidden: by a cancel, by another failure, by what ends elsewhere. */
import { expect, test } from "vitest";
import { restoreState, saveState } from "#kernel/checkpoint.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const boom: Step = { id: "boom", uses: "boom" };
const hour = (id: string): Step => ({ id, uses: "wait.for", with: { duration: "1h" } });
const minute = (id: string): Step => ({ id, uses: "wait.for", with: { duration: "1m" } });

/** A saga whose undoing fails, as it does at once. */
const broken = (id: string, rest: Partial<Step> = {}): Step => ({
  id,
  uses: "saga",
  steps: [
    {
      id: `${id}_a`,
      uses: "work",
      with: { value: 1 },
      compensate: [{ id: `undo_${id}`, uses: "work", with: { value: 1 } }],
    },
    { ...boom, id: `${id}_boom` },
  ],
  ...rest,
});

const failUndo = ({ path }: { readonly path: string }, input: unknown): AttemptOutcome =>
  /\.undo_[^.]*$/.test(path)
    ? { ok: false, error: { code: "http.500", message: "no", retryable: false } }
    : { ok: true, output: input };

function start(steps: readonly Step[], more: Record<string, unknown> = {}): KernelDriver {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true })
    .start()
    .settle(failUndo);
}

function cancelled(driver: KernelDriver): KernelDriver {
  return driver.give({ kind: "cancel", by: "t", reason: null }).settle(failUndo);
}

function expectUnclean(driver: KernelDriver, paths: readonly string[]): void {
  expect(driver.state.terminal).toBe("failed");
  expect(driver.state.error?.code).toBe("compensation_failed");
  expect(driver.state.error?.details).toMatchObject({ failed: paths.map((path) => ({ path })) });
  expect(driver.state.unhandled).toBeNull();
}

const each = (rest: Partial<Step> = {}, config: Record<string, unknown> = {}): Step => ({
  id: "each",
  uses: "for_each",
  with: { items: [0, 1, 2], concurrency: 3, as: "n", ...config },
  steps: [
    {
      id: "which",
      uses: "if",
      with: { condition: "${{ n < 1 }}" },
      // biome-ignore lint/suspicious/noThenProperty: the language's own word
      then: [broken("s")],
      else: [hour("w")],
    } as unknown as Step,
  ],
  ...rest,
});

test("an item that failed before the cancel came", () => {
  const driver = start([each()]);
  expect(driver.state.terminal).toBeNull();
  expect(driver.state.unhandled).not.toBeNull();
  expectUnclean(cancelled(driver), ["each[0].which.then.s.s_a"]);
});

test("a checkpoint holds it", () => {
  const driver = start([each()]);
  const { plan } = driver.state;
  const restored = restoreState(saveState(driver.state), plan);
  expect(restored?.unhandled).toEqual(driver.state.unhandled);
});

test("a branch that failed before the cancel came, and the body of a try that cleans up", () => {
  const parallel: Step = {
    id: "p",
    uses: "parallel",
    branches: { l: { steps: [broken("s")] }, r: { steps: [hour("w")] } },
  };
  expectUnclean(cancelled(start([parallel])), ["p.l.s.s_a"]);
  const tried: Step = { id: "t", uses: "try", steps: [broken("s")], finally: [minute("w")] };
  const driver = start([tried]);
  driver.give({ kind: "cancel", by: "t", reason: null });
  while (driver.state.terminal === null) driver.fireNext().settle(failUndo);
  expectUnclean(driver, ["t.s.s_a"]);
});

test("an inner saga while the outer one undoes, which is cancelled", () => {
  const outer: Step = {
    id: "outer",
    uses: "saga",
    steps: [
      { id: "x", uses: "work", with: { value: 1 }, compensate: [minute("w")] },
      broken("inner"),
    ],
  };
  const driver = start([outer]);
  expect(driver.state.terminal).toBeNull();
  driver.give({ kind: "cancel", by: "t", reason: null }).settle(failUndo);
  while (driver.state.terminal === null) driver.fireNext().settle(failUndo);
  expectUnclean(driver, ["outer.inner.inner_a"]);
});

test("an ordinary failure that came first in its scope, and is handled", () => {
  const driver = start([
    {
      id: "t",
      uses: "try",
      steps: [
        {
          id: "p",
          uses: "parallel",
          branches: { l: { steps: [boom] }, r: { steps: [broken("s")] } },
        },
      ],
      catch: [{ errors: ["failed"], steps: [{ id: "c", uses: "value", with: { value: 1 } }] }],
    } as unknown as Step,
  ]);
  expectUnclean(driver, ["t.p.r.s.s_a"]);
});

test("the second of two that fail in one scope", () => {
  const driver = start([
    {
      id: "p",
      uses: "parallel",
      branches: { l: { steps: [broken("x")] }, r: { steps: [broken("y")] } },
    },
  ]);
  expectUnclean(driver, ["p.l.x.x_a", "p.r.y.y_a"]);
});

test("what the run's own finally could not undo when the run was cancelled", () => {
  const driver = start([hour("w")], { finally: [broken("s")] });
  expectUnclean(cancelled(driver), ["finally.s.s_a"]);
});

test("it is handled by a catch that names it, by onError around it, and by a loop that goes on", () => {
  const value: Step = { id: "c", uses: "value", with: { value: 1 } };
  const caught = (errors?: readonly string[]): Step =>
    ({
      id: "t",
      uses: "try",
      steps: [
        {
          id: "p",
          uses: "parallel",
          branches: { l: { steps: [boom] }, r: { steps: [broken("s")] } },
        },
      ],
      catch: [{ ...(errors === undefined ? {} : { errors }), steps: [value] }],
    }) as unknown as Step;
  const handled = [
    [caught()],
    [caught(["failed", "compensation_failed"])],
    [{ ...broken("s"), onError: "continue" }],
    [
      {
        id: "p",
        uses: "parallel",
        onError: "continue",
        branches: { l: { steps: [boom] }, r: { steps: [broken("s")] } },
      },
    ],
    [
      {
        ...each({ onError: "continue" }, { onItemError: "continue", items: [0, 0] }),
      },
    ],
  ] as unknown as readonly Step[][];
  for (const steps of handled) {
    const { state } = start(steps);
    expect(state.terminal).toBe("succeeded");
    expect(state.unclean).toEqual([]);
    expect(state.unhandled).toBeNull();
  }
});
