/** Runs that were found to hang, to repeat themselves or to grow: each stays found. */
import { expect, test } from "vitest";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

type Definition = Omit<WorkflowDefinition, "language" | "name">;

function begun(definition: unknown, options: ConstructorParameters<typeof KernelDriver>[1] = {}) {
  const driver = new KernelDriver(planOf(definition as Definition), options);
  driver.start({ large: "z".repeat(400) });
  while (driver.more) driver.give({ kind: "continue" });
  return driver;
}

const LARGE = { id: "large", uses: "value", with: { value: "${{ input.large }}" } };
const FALLBACK = { fallback: "${{ steps.large.output }}" };

test("an abandoned child whose step falls back to a value that must be loaded leaves nobody waiting", () => {
  const child = {
    ...{ id: "child", uses: "workflow.run", needs: ["large"], timeout: "1s", onError: FALLBACK },
    with: { workflow: "other", onParentEnd: "abandon" },
  };
  const driver = begun({ steps: [LARGE, child] }, { lazyValues: true, paranoid: true });
  driver.restart().fireNext();
  expect(driver.state.terminal).toBe("succeeded");
  expect(driver.story()).toEqual(["succeeded large", "cancel_requested child", "failed child"]);
});

test("a rejection is journaled once, also where the fallback's value must be loaded first", () => {
  const approval = {
    ...{ id: "ok", uses: "wait.approval", needs: ["large"], onError: FALLBACK },
    with: { title: "Really?" },
  };
  const driver = begun({ steps: [LARGE, approval] }, { lazyValues: true, paranoid: true });
  const no = { approved: false, comment: null, form: null, by: "ada" };
  driver.restart().give({ kind: "approval", path: "ok", ...no });
  expect(driver.state.terminal).toBe("succeeded");
  expect(driver.types().filter((type) => type === "signal.received")).toHaveLength(1);
});

test("a branch may be called finally: it is told to stop like every other", () => {
  const waiting = [{ id: "wait", uses: "wait.signal", with: { name: "never" } }];
  const driver = begun(
    {
      steps: [
        {
          id: "p",
          uses: "parallel",
          branches: { finally: { steps: waiting }, b: { steps: waiting } },
        },
      ],
    },
    { paranoid: true },
  );
  driver.give({ kind: "cancel", by: "ada", reason: null }).settle();
  expect(driver.state.terminal).toBe("cancelled");
});

test("a loop that never rests keeps no list of what it has done", () => {
  const passes = 5_000;
  const loop = {
    ...{ id: "loop", uses: "while", steps: [{ id: "a", uses: "value", with: { value: 1 } }] },
    with: { condition: `\${{ index < ${passes} }}`, maxIterations: passes },
  };
  const driver = new KernelDriver(planOf({ steps: [loop] } as unknown as Definition), {
    exhaustAfter: 100,
  });
  driver.start();
  let longest = 0;
  while (driver.more) {
    driver.give({ kind: "continue" });
    longest = Math.max(longest, driver.state.agenda.length);
  }
  expect(driver.state.terminal).toBe("succeeded");
  expect(longest).toBeGreaterThan(10);
  expect(longest).toBeLessThan(2_100);
});

test.each([{ failFast: true }, { failFast: false }])(
  "10,000 open items are told to stop one by one within the turn's budget (%o)",
  ({ failFast }) => {
    const items = 10_000;
    const each = {
      ...{ id: "all", uses: "for_each", failFast, steps: [{ id: "a", uses: "work" }] },
      with: { items: { range: { start: 0, end: items } }, concurrency: items },
    };
    const driver = begun({ steps: [each] }, { exhaustAfter: 500 });
    driver.give({ kind: "admit", paths: ["all[0].a"] });
    if (!failFast) driver.give({ kind: "cancel", by: "ada", reason: null });
    else {
      const error = { code: "no", message: "no", retryable: false };
      driver.give({ kind: "result", path: "all[0].a", attempt: 1, outcome: { ok: false, error } });
    }
    let most = driver.lastDecision?.events.length ?? 0;
    while (driver.more) {
      driver.give({ kind: "continue" });
      most = Math.max(most, driver.lastDecision?.events.length ?? 0);
    }
    expect(most).toBeLessThan(1_000);
    driver.settle();
    expect(driver.state.terminal).toBe(failFast ? "failed" : "cancelled");
  },
);

test("a signal with the id of an approval is read by the step that waits for it", () => {
  const plan = planOf({
    steps: [
      { id: "ask", uses: "wait.approval", with: { title: "ok?" } },
      { id: "last", uses: "wait.signal", with: { name: "go" } },
    ],
  });
  const driver = new KernelDriver(plan, { paranoid: true }).start();
  const signal = { kind: "signal", name: "go", key: null, by: "t" } as const;
  for (const id of ["approval:ask#1", "approval:ask#1+"])
    driver.give({ ...signal, id, payload: id });
  driver.give({
    ...({ kind: "approval", path: "ask", approved: true, comment: null } as const),
    ...{ form: {}, by: "t" },
  });
  expect(driver.state.terminal).toBe("succeeded");
  expect(driver.output()).toBe("approval:ask#1");
});
