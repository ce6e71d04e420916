/** Every sentence of explainRun, what would free it, and the words and numbers of a run's progress. */
import { describe, expect, test } from "vitest";
import { byWhom, explainRun } from "#kernel/explain.ts";
import { progressOf, statusOf } from "#kernel/status.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { KernelDriver, planOf, TEST_NODES } from "./kernel-driver.ts";

function run(steps: readonly Step[], more: Partial<WorkflowDefinition> = {}): KernelDriver {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true });
}

/** Text, what frees it, when it is due: of every wait. */
function waits(driver: KernelDriver, nowMs = driver.nowMs) {
  return explainRun(driver.state, nowMs).map(({ path, kind, text, frees, dueAtMs }) => [
    path,
    kind,
    text,
    frees,
    dueAtMs,
  ]);
}

const SECOND = 1_000;
const work = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  uses: "work",
  with: { value: 1 },
  ...more,
});

describe("a run that is not under way", () => {
  test("waits to be admitted, with and without a concurrency key", () => {
    const free = run([work("a")]);
    expect(waits(free)).toEqual([[null, "run_slot", "waits to be admitted", null, null]]);
    expect(statusOf(free.state)).toBe("queued");
    const definition = {
      language: 1,
      name: "keyed",
      concurrency: { key: "'k'", limit: 2, whenFull: "queue" },
      steps: [work("a")],
    } as unknown as WorkflowDefinition;
    const keyed = new KernelDriver(compilePlan(definition, TEST_NODES));
    keyed.give({
      kind: "start",
      workflow: "keyed",
      version: 1,
      input: {},
      labels: {},
      priority: null,
      parent: null,
      forkedFrom: null,
      by: "test",
      trace: null,
      startKey: null,
    });
    expect(waits(keyed)).toEqual([
      [
        null,
        "run_slot",
        'waits for one of 2 slots of concurrency key "k"',
        "a run with the same key ends",
        null,
      ],
    ]);
    expect(statusOf(keyed.state)).toBe("queued");
  });

  test("is paused, by whom and why", () => {
    const driver = run([work("a")]).start();
    driver.give({ kind: "pause", by: "ann", reason: "lunch" });
    expect(waits(driver)[0]).toEqual([
      null,
      "paused",
      "is paused since 1970-01-01 00:16:40 UTC by ann: lunch",
      "resume it",
      null,
    ]);
    expect(statusOf(driver.state)).toBe("paused");
    expect(byWhom({ by: "ann", reason: null })).toBe(" by ann");
    expect(byWhom(null)).toBe("");
  });

  test("has ended and explains nothing", () => {
    const driver = run([work("a")])
      .start()
      .settle();
    expect(waits(driver)).toEqual([]);
    expect(statusOf(driver.state)).toBe("succeeded");
  });
});

describe("an attempt", () => {
  test("waits for a slot, runs, says how far it is, is told to stop", () => {
    const driver = run([work("a", { timeout: "10s" })]).start();
    expect(waits(driver)).toEqual([
      ["a", "slot", '"a" (attempt 1) waits for a free slot', "another attempt ends", null],
    ]);
    driver.give({ kind: "admit", paths: ["a"] });
    const frees =
      "its end; an operator may retry, skip or fail it, or `lockstitch step complete run_test a`";
    expect(waits(driver)).toEqual([
      ["a", "attempt", 'attempt 1 of "a" (work) runs', frees, driver.nowMs + 10 * SECOND],
    ]);
    expect(statusOf(driver.state)).toBe("running");
    const beat = (progress: { fraction: number; note?: string } | null) =>
      driver.give({ kind: "heartbeat", path: "a", attempt: 1, value: null, progress } as never);
    beat({ fraction: 0.129 });
    expect(waits(driver)[0]?.[2]).toBe('attempt 1 of "a" (work) runs (12 %)');
    beat({ fraction: 0.5, note: "half" });
    expect(waits(driver)[0]?.[2]).toBe('attempt 1 of "a" (work) runs (50 %: half)');
    expect(progressOf(driver.state).steps).toEqual([{ path: "a", fraction: 0.5, note: "half" }]);
    driver.give({ kind: "cancel", by: "ann", reason: null });
    expect(waits(driver)).toEqual([
      ["a", "stopping", '"a" was told to stop (cancel) and has not ended yet', null, null],
    ]);
  });

  test("that failed is tried again at its time", () => {
    const driver = run([
      work("a", {
        retry: { attempts: 3, initial: "90s", max: "90s", backoff: "constant", jitter: "none" },
      }),
    ]).start();
    driver.settle(() => ({ ok: false, error: { code: "busy", message: "b", retryable: true } }));
    const dueAtMs = driver.nowMs + 90 * SECOND;
    const frees = "`lockstitch step retry run_test a`";
    const at = (nowMs: number) => waits(driver, nowMs);
    const says = (when: string) => [
      ["a", "retry", `"a" failed (busy) and is tried again (attempt 2) ${when}`, frees, dueAtMs],
    ];
    expect(at(dueAtMs - 90 * SECOND)).toEqual(says("in 90 s"));
    expect(at(dueAtMs - 500)).toEqual(says("in 1 s"));
    expect(at(dueAtMs)).toEqual(says("now"));
    expect(at(dueAtMs + 5 * SECOND)).toEqual(says("now"));
    expect(at(dueAtMs - 119 * SECOND)).toEqual(says("in 119 s"));
    expect(at(dueAtMs - 120 * SECOND)).toEqual(says("in 2 min"));
    expect(at(dueAtMs - 7_199 * SECOND)).toEqual(says("in 120 min"));
    expect(at(dueAtMs - 7_200 * SECOND)).toEqual(says("in 2 h"));
    expect(at(dueAtMs - 172_799 * SECOND)).toEqual(says("in 48 h"));
    expect(at(dueAtMs - 172_800 * SECOND)).toEqual(says("in 2 d"));
    expect(at(dueAtMs - 864_000 * SECOND)).toEqual(says("in 10 d"));
    expect(statusOf(driver.state)).toBe("waiting");
  });

  test("names in commands are quoted as a shell takes them", () => {
    const driver = run([
      {
        id: "each",
        uses: "for_each",
        with: { items: { "it's": 1 } },
        steps: [{ id: "pause", uses: "wait.for", with: { duration: "1h" } }],
      } as unknown as Step,
    ]).start();
    const [, , , frees] = waits(driver).at(-1) ?? [];
    expect(frees).toBe("time, or `lockstitch step complete run_test 'each[\"it'\\''s\"].pause'`");
  });
});

describe("a step that waits", () => {
  test("for time, signals, people and child runs", () => {
    const driver = run([
      { id: "timer", uses: "wait.for", with: { duration: "1h" }, needs: [] },
      { id: "signal", uses: "wait.signal", with: { name: "go", expires: "1h" }, needs: [] },
      { id: "keyed", uses: "wait.signal", with: { name: "go", key: "k" }, needs: [] },
      { id: "person", uses: "wait.approval", with: { title: "t", expires: "30s" }, needs: [] },
      { id: "anybody", uses: "wait.approval", with: { title: "t" }, needs: [] },
      { id: "child", uses: "workflow.run", with: { workflow: "other" }, needs: [] },
    ] as unknown as Step[]).start();
    driver.settle();
    const hour = driver.nowMs + 3_600 * SECOND;
    const child = driver.state.steps.get("child")?.live?.wait;
    const childId = child?.kind === "child" ? child.runId : "";
    expect(childId).not.toBe("");
    expect(waits(driver)).toEqual([
      [
        "timer",
        "timer",
        '"timer" waits until 1970-01-01 01:16:40 UTC (in 60 min)',
        "time, or `lockstitch step complete run_test timer`",
        hour,
      ],
      [
        "signal",
        "signal",
        '"signal" waits for signal "go", until 1970-01-01 01:16:40 UTC (in 60 min)',
        'send signal "go" to the run, or `lockstitch step complete run_test signal`',
        hour,
      ],
      [
        "keyed",
        "signal",
        '"keyed" waits for signal "go" with key "k"',
        'send signal "go" to the run, or `lockstitch step complete run_test keyed`',
        null,
      ],
      [
        "person",
        "approval",
        '"person" waits for a person to approve or reject it, until 1970-01-01 00:17:10 UTC (in 30 s)',
        "approve or reject it",
        driver.nowMs + 30 * SECOND,
      ],
      [
        "anybody",
        "approval",
        '"anybody" waits for a person to approve or reject it',
        "approve or reject it",
        null,
      ],
      ["child", "child", `"child" waits for child run ${childId}`, `run ${childId} ends`, null],
    ]);
    expect(progressOf(driver.state)).toEqual({
      status: "waiting",
      total: 6,
      settled: 0,
      running: 0,
      waiting: 6,
      failed: 0,
      steps: [],
    });
  });

  test("a scope that may still gain steps", () => {
    const plan = planOf({ steps: [work("first")] });
    const driver = new KernelDriver({ ...plan, root: { ...plan.root, dynamic: true } });
    driver.start().settle();
    expect(waits(driver)).toEqual([
      [
        "",
        "dynamic",
        'scope "" may still gain steps',
        "its owner declares more steps or seals it",
        null,
      ],
    ]);
  });

  test("a turn that ended early goes on by itself", () => {
    const driver = new KernelDriver(
      planOf({ steps: [1, 2, 3].map((n) => ({ id: `s${n}`, uses: "value", with: { value: n } })) }),
      { exhaustAfter: 1 },
    ).start();
    expect(waits(driver)).toEqual([[null, "turn", "goes on by itself", null, null]]);
    expect(statusOf(driver.state)).toBe("running");
  });
});

test("a saga that compensates says what, how far it is, which attempt and what failed", () => {
  const booked = (id: string): Step =>
    work(id, {
      compensate: [work(`undo_${id}`, { retry: { attempts: 2, initial: "1m" } })],
    } as never);
  const driver = run([
    {
      id: "trip",
      uses: "saga",
      steps: [booked("a"), booked("b"), { id: "boom", uses: "boom" }],
    } as unknown as Step,
  ]).start();
  const says = () =>
    waits(driver)
      .find(([path]) => path === "trip")
      ?.slice(1);
  const give = (isOk: boolean) => {
    const effect = [...driver.effects.values()].find(
      ({ kind }) => kind === "admit" || kind === "attempt",
    );
    if (effect === undefined) throw new Error("nothing is asked for");
    driver.perform(effect, () =>
      isOk
        ? { ok: true, output: null }
        : { ok: false, error: { code: "no", message: "no", retryable: false } },
    );
  };
  for (let left = 4; left > 0; left--) give(true);
  expect(says()).toEqual([
    "compensation",
    '"trip" compensates "trip.b" (1 of 2), attempt 1',
    null,
    null,
  ]);
  give(true);
  give(false);
  expect(says()).toEqual([
    "compensation",
    '"trip" compensates "trip.a" (2 of 2), attempt 1; 1 failed',
    null,
    null,
  ]);
});

test("progress counts what runs, waits, has settled and failed, inner steps included", () => {
  const driver = run([
    { id: "boom", uses: "boom", onError: "continue", needs: [] },
    { id: "done", uses: "value", with: { value: 1 }, needs: [] },
    work("asks", { needs: [] }),
    work("runs", { needs: [] }),
    work("later", { needs: ["asks"] }),
    {
      id: "each",
      uses: "for_each",
      needs: [],
      with: { items: [1, 2] },
      steps: [{ id: "w", uses: "wait.for", with: { duration: "1h" } }],
    } as unknown as Step,
  ] as unknown as Step[]).start();
  driver.give({ kind: "admit", paths: ["runs"] });
  expect(progressOf(driver.state)).toEqual({
    status: "running",
    total: 8,
    settled: 2,
    running: 2,
    waiting: 3,
    failed: 1,
    steps: [],
  });
});
