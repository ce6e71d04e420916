/** `try` in all its ways, and cleaning up that is cut off (scopes/try, cut-off). */
import { describe, expect, test } from "vitest";
import type { RunEvent } from "#kernel/events.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const boom = (id: string): Step => ({ id, uses: "boom" });
const work = (id: string, more: Partial<Step> = {}): Step => ({ id, uses: "work", ...more });
const value = (id: string, of: unknown): Step => ({ id, uses: "value", with: { value: of } });
const CANCEL = { kind: "cancel", by: "t", reason: null } as const;
const RETRY = { attempts: 2, initial: "1s", jitter: "none", errors: ["*"] } as const;

function run(steps: readonly Step[], more: object = {}): KernelDriver {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start();
}
const tried = (parts: object, more: object = {}) =>
  run([{ id: "t", uses: "try", ...parts } as Step], more);

/** The events of these types, in order. */
function eventsOf(driver: KernelDriver, ...types: readonly RunEvent["type"][]): readonly object[] {
  return driver.journal.flatMap(({ event }) => (types.includes(event.type) ? [event] : []));
}

describe("a block", () => {
  test("that succeeds gives the step its output, by reference", () => {
    const driver = tried({ steps: [value("b", 5)] });
    expect(eventsOf(driver, "step.started", "scope.opened", "step.succeeded").slice(1)).toEqual([
      { type: "step.started", path: "t", attempt: 1, control: { kind: "try" } },
      expect.objectContaining({ slot: "body" }),
      expect.objectContaining({ path: "t.b" }),
      { type: "step.succeeded", path: "t", outputRef: { v: 5 } },
    ]);
    expect(driver.output()).toBe(5);
  });

  test("that fails, fails the step for good once its attempts are used up", () => {
    const driver = tried({ steps: [boom("b")], retry: RETRY });
    expect(driver.story()).toEqual(["started t", "failed t.b", "retry_scheduled t"]);
    driver.fireNext();
    expect(driver.story().slice(3)).toEqual(["started t", "failed t#2.b", "failed t"]);
    expect(driver.state.error).toMatchObject({ code: "failed", message: "boom" });
  });

  test("whose failure no catch names keeps it, after `finally`", () => {
    const parts = { catch: [{ errors: ["http.*"], steps: [value("c", 1)] }] };
    const driver = tried({ steps: [boom("b")], ...parts, finally: [value("f", 1)] });
    expect(driver.story()).toEqual([
      "started t",
      "failed t.b",
      "succeeded t.finally.f",
      "failed t",
    ]);
    expect(driver.state.error).toMatchObject({ code: "failed" });
  });

  test("whose failure is not tried again goes to the catch at once", () => {
    const parts = { catch: [{ steps: [value("c", "${{ error }}")] }] };
    const driver = tried({ steps: [boom("b")], ...parts, retry: { ...RETRY, errors: ["http.*"] } });
    expect(driver.story()).toEqual([
      ...["started t", "failed t.b", "succeeded t.catch.c", "succeeded t"],
    ]);
    expect(driver.output()).toMatchObject({ code: "failed", message: "boom" });
  });
});

describe("a catch that fails", () => {
  test("fails the step, without another attempt, after `finally`", () => {
    const driver = tried({
      steps: [boom("b")],
      ...{ catch: [{ steps: [boom("c")] }], finally: [value("f", 1)] },
      retry: RETRY,
    });
    driver.fireNext();
    expect(driver.story().slice(3)).toEqual([
      ...["started t", "failed t#2.b", "failed t#2.catch.c"],
      ...["succeeded t#2.finally.f", "failed t"],
    ]);
    const first = tried({
      steps: [work("b")],
      ...{ catch: [{ steps: [boom("c")] }], retry: { ...RETRY, errors: ["failed"] } },
    });
    first.give({ kind: "admit", paths: ["t.b"] });
    const error = { code: "http.500", message: "no", retryable: false };
    first.give({ kind: "result", path: "t.b", attempt: 1, outcome: { ok: false, error } });
    // The catch fails with what the policy names, but it is the block that is tried again.
    expect(first.story().slice(-2)).toEqual(["failed t.catch.c", "failed t"]);
  });
});

describe("`finally`", () => {
  test("that fails, fails the step instead of what was before, and for good", () => {
    for (const steps of [[value("b", 1)], [boom("b")]]) {
      const parts = { steps, finally: [{ ...boom("f") }], retry: { ...RETRY, attempts: 9 } };
      const driver = tried(parts, {});
      for (let at = 0; at < 8; at++) if (driver.state.terminal === null) driver.fireNext();
      expect(driver.state.error).toMatchObject({ code: "failed" });
      expect(driver.story().slice(-2)).toMatchObject([
        expect.stringMatching(/^failed t(#9)?\.finally\.f$/),
        "failed t",
      ]);
      expect(driver.story().filter((one) => one.startsWith("failed t.finally")).length).toBe(
        steps[0]?.uses === "boom" ? 0 : 1,
      );
    }
  });

  test("runs once when the step is told to stop, and then nothing else", () => {
    const parts = { catch: [{ steps: [value("c", 1)] }], finally: [work("f")], retry: RETRY };
    const driver = tried({ steps: [work("b")], ...parts });
    driver.give({ kind: "admit", paths: ["t.b"] }).give(CANCEL);
    driver.settle();
    expect(driver.story()).not.toContain("succeeded t.catch.c");
    expect(driver.story().filter((one) => one === "started t.finally.f")).toHaveLength(1);
    expect(driver.story().at(-1)).toBe("cancelled t");
    expect(driver.state.terminal).toBe("cancelled");
  });

  test("that was being done when the step was told to stop is not begun again", () => {
    const driver = tried({ steps: [value("b", 1)], finally: [work("f")] });
    driver.give({ kind: "admit", paths: ["t.finally.f"] }).give(CANCEL);
    driver.settle();
    const opened = eventsOf(driver, "scope.opened").filter(
      (event) => (event as { slot: string }).slot === "finally",
    );
    expect(opened.length).toBeLessThanOrEqual(2);
    expect(driver.state.terminal).toBe("cancelled");
  });

  test("that there is none of ends the step at once when it is told to stop", () => {
    const driver = tried({ steps: [work("b")], catch: [{ steps: [value("c", 1)] }] });
    driver.give({ kind: "admit", paths: ["t.b"] }).give(CANCEL);
    driver.settle();
    expect(driver.story().slice(-2)).toEqual(["cancelled t.b", "cancelled t"]);
  });

  test("after a failure, with the step told to stop, ends it as cancelled", () => {
    const driver = tried({ steps: [boom("b")], finally: [work("f")] }).give(CANCEL);
    driver.settle();
    expect(driver.state.terminal).toBe("cancelled");
  });
});

describe("cleaning up that is cut off", () => {
  const cutOff = (steps: readonly Step[], act: (driver: KernelDriver) => void = () => {}) => {
    const driver = run([work("a")], { finally: steps, cleanupTimeout: "5s" });
    driver.give(CANCEL);
    act(driver);
    const timer = driver.effects.get("cleanup");
    if (timer === undefined) throw new Error("nothing limits the cleanup");
    driver.perform(timer);
    return driver;
  };
  const message = (what: string) =>
    `Cleaning up took longer than the cleanupTimeout of 5000 ms; ${what}.`;

  test("names what ran, waited and asked for a slot", () => {
    const driver = cutOff(
      [
        work("runs", { needs: [] }),
        work("asks", { needs: [] }),
        { ...{ id: "waits", uses: "wait.signal", with: { name: "go" } }, needs: [] },
        { id: "done", uses: "value", needs: [] },
      ],
      (driver) => void driver.give({ kind: "admit", paths: ["finally.runs"] }),
    );
    const aborted = ["finally.runs", "finally.asks", "finally.waits"];
    expect(driver.state.error).toMatchObject({
      ...{ code: "cleanup_timeout", retryable: false },
      message: message(`aborted: ${aborted.join(", ")}`),
      details: { aborted, count: 3, failed: [] },
    });
    expect(driver.effects.size).toBe(0);
  });

  test("names twenty at most", () => {
    const driver = cutOff(Array.from({ length: 25 }, (_, at) => work(`w${at}`, { needs: [] })));
    const { aborted, count } = (driver.state.error?.details ?? {}) as {
      aborted: string[];
      count: number;
    };
    expect([aborted.length, count]).toEqual([20, 25]);
    expect(driver.state.error?.message).toBe(message(`aborted: ${aborted.join(", ")}`));
  });

  test("where nothing ran says so", () => {
    const flaky = { ...boom("f"), retry: { attempts: 2, initial: "1h", errors: ["*"] } } as Step;
    const driver = cutOff([flaky]);
    expect(driver.state.error?.message).toBe(message("nothing was running"));
    expect(driver.state.error?.details).toMatchObject({ aborted: [], count: 0 });
  });

  test("tells children to stop", () => {
    const driver = cutOff([{ id: "c", uses: "workflow.run", with: { workflow: "other" } }]);
    const [started, stopped] = driver.sends;
    expect(stopped).toMatchObject({ kind: "cancel", toRunId: started?.toRunId });
  });

  test("of a step fails it, and what failed beside it is listed when the run is cut off", () => {
    const inner = (id: string): Step => ({
      ...{ id, uses: "try", needs: [], steps: [value(`b_${id}`, 1)], cleanupTimeout: "1s" },
      finally: [work(`slow_${id}`)],
    });
    const steps = [inner("t"), inner("u"), work("z", { needs: [] })];
    const driver = run([work("a")], { finally: steps, cleanupTimeout: "1m" });
    driver.give(CANCEL);
    const slow = ["t", "u"].map((id) => `finally.${id}.finally.slow_${id}`);
    driver.give({ kind: "admit", paths: [...slow, "finally.z"] });
    driver.fireNext().fireNext();
    for (const effect of [...driver.effects.values()])
      if (effect.kind === "abort" && effect.path !== "finally.z") driver.perform(effect);
    const failed = (id: string) => ({
      path: `finally.${id}`,
      error: {
        ...{ code: "cleanup_timeout", retryable: false },
        message: `Cleaning up "finally.${id}" took longer than its cleanupTimeout of 1000 ms.`,
      },
    });
    expect(eventsOf(driver, "step.failed")).toMatchObject([failed("t"), failed("u")]);
    driver.fireNext();
    expect(driver.state.error).toMatchObject({
      details: {
        ...{ aborted: ["finally.z"], count: 1 },
        failed: ["finally.t", "finally.u"].map((path) => ({ path, code: "cleanup_timeout" })),
      },
    });
  });

  test("has its time from the cancel, also one that comes in `finally`", () => {
    const driver = run([value("a", 1)], { finally: [work("f")], cleanupTimeout: "5s" });
    expect(driver.effects.has("cleanup")).toBe(false);
    driver.nowMs += 1_000;
    driver.give(CANCEL);
    expect(driver.state.cleanupAtMs).toBe(driver.nowMs + 5_000);
    const queued = new KernelDriver(planOf({ steps: [work("a")] }), { paranoid: true });
    queued.start();
    expect(queued.state.cleanupAtMs).toBeNull();
  });
});
